import type { ErrorObject } from 'ajv';
import { nearestWord } from './nearest-word.ts';
import type { Path, Problem } from './yaml-text.ts';

/** What a schema says about a document, as sentences that tell what to write instead. */
export function schemaProblems(errors: readonly ErrorObject[], document: unknown): Problem[] {
  return errors
    .filter(({ keyword }) => keyword !== 'if' && keyword !== 'oneOf')
    .map((error) => problemOf(error, document));
}

function problemOf(error: ErrorObject, document: unknown): Problem {
  const path = pathOf(error.instancePath, document);
  const params = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty']);
    return { path: [...path, key], atKey: true, text: unknownKey(key, Object.keys(knownKeys(error))) };
  }
  if (error.keyword === 'required') {
    return { path: [...path, String(params['missingProperty'])], text: 'is missing: add it' };
  }
  return { path, text: `${expectation(error, params)}, not ${shown(error.data)}` };
}

const WORDS: Readonly<Record<string, (params: Record<string, unknown>, error: ErrorObject) => string>> = {
  type: ({ type }) => `must be ${typeInWords(type)}`,
  enum: ({ allowedValues }) => `must be ${listed(allowedValues as string[])}`,
  const: ({ allowedValue }) => `must be ${String(allowedValue)}`,
  discriminator: (_, { parentSchema }) => `must have a kind: ${listed(kindsOf(parentSchema))}`,
  minimum: ({ limit }) => `must be at least ${String(limit)}`,
  maximum: ({ limit }) => `must be at most ${String(limit)}`,
  exclusiveMinimum: ({ limit }) => `must be more than ${String(limit)}`,
  minLength: () => 'must not be empty',
  maxLength: ({ limit }) => `must have at most ${String(limit)} characters`,
  minItems: () => 'must have at least one entry',
  uniqueItems: () => 'must name each once',
  pattern: (_, { parentSchema }) => `must be written as ${hint(parentSchema)}`,
};

function expectation(error: ErrorObject, params: Record<string, unknown>): string {
  return WORDS[error.keyword]?.(params, error) ?? error.message ?? 'is wrong';
}

function typeInWords(type: unknown): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a mapping',
    array: 'a list',
    integer: 'a whole number',
    number: 'a number',
    string: 'a text',
  };
  return [type]
    .flat()
    .map((each) => words[String(each)] ?? String(each))
    .join(' or ');
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestWord(key, known);
  return near === undefined ? `is unknown: remove it, or use ${known.join(', ')}` : `is unknown: did you mean ${near}?`;
}

function knownKeys({ parentSchema }: ErrorObject): object {
  return ((parentSchema as { properties?: object } | undefined)?.properties ?? {}) as object;
}

function kindsOf(schema: unknown): string[] {
  const branches = (schema as { oneOf: { properties: { kind: { const: string } } }[] }).oneOf;
  return branches.map(({ properties }) => properties.kind.const);
}

/** A pattern is explained by the schema's own description: it is part of a sentence there. */
function hint(schema: unknown): string {
  const { description, pattern } = schema as { description?: string; pattern: string };
  return description ?? pattern;
}

function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** A JSON pointer as steps; what stands in a list is a number. */
function pathOf(pointer: string, document: unknown): Path {
  const steps: (string | number)[] = [];
  let at = document;
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    steps.push(Array.isArray(at) ? Number(step) : step);
    at = (at as Record<string, unknown>)[step];
  }
  return steps;
}
