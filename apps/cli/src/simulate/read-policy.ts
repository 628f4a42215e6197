import { readFileSync } from 'node:fs';
import { type ErrorObject, Ajv } from 'ajv';
import { parsePolicy, type ScalingPolicy } from '@ostro/autoscaling';
import { isDomainError } from '@ostro/kernel';
import * as placement from '@ostro/placement';
import * as routing from '@ostro/routing';
import { contradictions } from './contradictions.ts';
import type { ModelDocument, PolicyDocument } from './policy-document.ts';
import { scalingOf } from './scaling.ts';
import { schemaProblems } from './schema-problems.ts';
import { fieldPath, type Path, YamlText } from './yaml-text.ts';

/** A policy file that has been checked: what it says, and where it says it. */
export interface Policy {
  readonly document: PolicyDocument;
  /** Of each entry in `document.models`, in their order. */
  readonly scaling: readonly ScalingPolicy[];
  readonly placement: placement.Profile;
  readonly routing: routing.Profile;
  readonly yaml: YamlText;
}

const SCHEMA = new URL('../../schemas/policy.v1.json', import.meta.url);

/**
 * Reads a policy: its form by the schema, what contradicts itself, then its parts by the libraries that will run them.
 * @throws DomainError INVALID_ARGUMENT (INVALID_POLICY), each line of it naming file, line and column.
 */
export function readPolicy(file: string, text: string): Policy {
  const yaml = new YamlText(file, text);
  const wrong = schemaErrors(yaml.value);
  if (wrong.length > 0) throw yaml.refusal(schemaProblems(wrong, yaml.value));
  const document = yaml.value as PolicyDocument;
  const problems = contradictions(document);
  if (problems.length > 0) throw yaml.refusal(problems);
  return {
    document,
    scaling: document.models.map((model, at) => {
      const placeOf = (field: Path) => scalingPlace(model, at, field);
      return refusedAt(yaml, placeOf, () => parsePolicy(scalingOf(document, model)));
    }),
    placement: profileOf(yaml, 'placement', placement),
    routing: profileOf(yaml, 'routing', routing),
    yaml,
  };
}

function schemaErrors(value: unknown): readonly ErrorObject[] {
  const schema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as object;
  const ajv = new Ajv({ allErrors: true, verbose: true, discriminator: true, allowUnionTypes: true });
  const validate = ajv.compile(schema);
  return validate(value) ? [] : (validate.errors ?? []);
}

/** A profile as the library that runs it reads it, or the one it brings. */
function profileOf<P>(yaml: YamlText, name: 'placement' | 'routing', library: ProfileReader<P>): P {
  const written = (yaml.value as PolicyDocument)[name];
  if (written === undefined) return library.DEFAULT_PROFILE;
  return refusedAt(
    yaml,
    (field) => [name, ...field],
    () => library.parseProfile(written),
  );
}

interface ProfileReader<P> {
  readonly DEFAULT_PROFILE: P;
  readonly parseProfile: (input: unknown) => P;
}

/** A field of the scaling policy stands in the model's own entry where that has it, else where all models have it. */
function scalingPlace({ autoscaling = {} }: ModelDocument, at: number, field: Path): Path {
  const isOwn = Object.hasOwn(autoscaling, String(field[0]));
  return isOwn ? ['models', at, 'autoscaling', ...field] : ['autoscaling', ...field];
}

/** What a library's own parser refuses, at the place in the file of the field that it names in `details.field`. */
function refusedAt<T>(yaml: YamlText, placeOf: (field: Path) => Path, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const field = isDomainError(error) ? error.details['field'] : undefined;
    if (!isDomainError(error) || field === undefined) throw error;
    const text = error.message.slice(error.message.indexOf(field) + field.length).trim();
    throw yaml.refusal([{ path: placeOf(fieldPath(field)), text }]);
  }
}
