import { type Operation, type Parameter, PARAMETERS } from './parameters.ts';
import { badRequest, type Refusal } from './refusal.ts';
import { firstRefusal, isRecord, missingParameter, unknownParameter, unsupportedParameter } from './value-checks.ts';

/** A body that may be forwarded once admission has set its limit. */
export interface InferenceRequest {
  readonly operation: Operation;
  readonly model: string;
  readonly isStream: boolean;
  /** Output tokens the client asked for; undefined: it did not say. */
  readonly askedMaxTokens: number | undefined;
  /** Parameters that reach the runtime, without the ones that admission sets. */
  readonly forwarded: Readonly<Record<string, unknown>>;
}

/** Checks a parsed body against the table of parameters. Null means absent, as OpenAI's clients send it. */
export function readRequest(operation: Operation, body: unknown): InferenceRequest | Refusal {
  if (!isRecord(body)) return badRequest(null, 'The body must be a JSON object with the parameters of the request.');
  const given = Object.entries(body).filter(([, value]) => value !== null);
  const refusal =
    firstRefusal(given, ([name, value]) => checkParameter(operation, name, value)) ??
    refuseMissing(operation, body) ??
    refuseCombination(body);
  if (refusal !== undefined) return refusal;
  const table = PARAMETERS[operation];
  const forwarded = Object.fromEntries(given.filter(([name]) => table[name]!.support === 'forwarded'));
  const { max_tokens: maxTokens, max_completion_tokens: maxCompletionTokens, ...rest } = forwarded;
  return {
    operation,
    model: body['model'] as string,
    isStream: body['stream'] === true,
    askedMaxTokens: (maxCompletionTokens ?? maxTokens) as number | undefined,
    forwarded: rest,
  };
}

function checkParameter(operation: Operation, name: string, value: unknown): Refusal | undefined {
  const table = PARAMETERS[operation];
  const parameter = Object.hasOwn(table, name) ? table[name] : undefined;
  if (parameter === undefined) return unknownParameter(name);
  if (parameter.support === 'forwarded') return parameter.check(value, name);
  return changesNothing(parameter, value) ? undefined : unsupportedParameter(name, parameter.why);
}

function changesNothing({ unless }: Extract<Parameter, { support: 'refused' }>, value: unknown): boolean {
  return unless.some((harmless) => isSame(harmless, value));
}

/** Values of the table are scalars, or lists and objects of at most one scalar. */
function isSame(a: unknown, b: unknown): boolean {
  if (!isRecord(a) && !Array.isArray(a)) return a === b;
  if (Array.isArray(a) !== Array.isArray(b) || typeof b !== 'object' || b === null) return false;
  const entries = Object.entries(b);
  return (
    entries.length === Object.keys(a).length &&
    entries.every(([name, value]) => (a as Record<string, unknown>)[name] === value)
  );
}

function refuseMissing(operation: Operation, body: Readonly<Record<string, unknown>>): Refusal | undefined {
  return firstRefusal(Object.entries(PARAMETERS[operation]), ([name, parameter]) =>
    parameter.support === 'forwarded' && parameter.required && (body[name] ?? null) === null
      ? missingParameter(name)
      : undefined,
  );
}

function refuseCombination(body: Readonly<Record<string, unknown>>): Refusal | undefined {
  if ((body['stream_options'] ?? null) !== null && body['stream'] !== true) {
    return badRequest(
      'invalid_parameter_combination',
      "'stream_options' is only allowed when 'stream' is true.",
      'stream_options',
    );
  }
  if ((body['max_tokens'] ?? null) !== null && (body['max_completion_tokens'] ?? null) !== null) {
    return badRequest(
      'invalid_parameter_combination',
      "'max_tokens' and 'max_completion_tokens' mean the same: set one of them.",
      'max_tokens',
    );
  }
  return undefined;
}
