import { badRequest, type Refusal } from './refusal.ts';

/** Looks at one value. @returns what is wrong with it, naming the path. */
export type Check = (value: unknown, path: string) => Refusal | undefined;

export const isText: Check = (value, path) =>
  typeof value === 'string' ? undefined : invalidType(path, 'a string', value);

export const isFlag: Check = (value, path) =>
  typeof value === 'boolean' ? undefined : invalidType(path, 'a boolean', value);

export function isNumber(least: number, most: number): Check {
  return (value, path) => {
    if (typeof value !== 'number') return invalidType(path, 'a number', value);
    return value >= least && value <= most ? undefined : invalidValue(path, `a number from ${least} to ${most}`);
  };
}

export function isInteger(least: number, most: number): Check {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return invalidType(path, 'an integer', value);
    return value >= least && value <= most ? undefined : invalidValue(path, `an integer from ${least} to ${most}`);
  };
}

export function isOneOf(...choices: readonly unknown[]): Check {
  return (value, path) =>
    choices.includes(value)
      ? undefined
      : invalidValue(path, `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`);
}

/** A list of `least` to `most` items; each is checked with its own path. */
export function isListOf(item: Check, least: number, most: number): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return invalidType(path, 'an array', value);
    if (value.length < least || value.length > most) {
      return invalidValue(path, `an array of ${least} to ${most} items, not of ${value.length}`);
    }
    return firstRefusal(
      value.map((_, index) => index),
      (index) => item(value[index], `${path}[${index}]`),
    );
  };
}

/** An object with these fields and no others; null means absent, as OpenAI's clients send it. */
export function isObject(fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (value, path) => {
    if (!isRecord(value)) return invalidType(path, 'an object', value);
    const missing = required.find((name) => value[name] === undefined || value[name] === null);
    if (missing !== undefined) return missingParameter(`${path}.${missing}`);
    return firstRefusal(Object.entries(value), ([name, field]) => {
      if (field === null || field === undefined) return undefined;
      // Own names only: `constructor` and its like are on every object and check nothing.
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return check ? check(field, `${path}.${name}`) : unknownParameter(`${path}.${name}`);
    });
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function firstRefusal<T>(items: readonly T[], check: (item: T) => Refusal | undefined): Refusal | undefined {
  for (const item of items) {
    const refusal = check(item);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

export function missingParameter(path: string): Refusal {
  return badRequest('missing_required_parameter', `Missing required parameter: '${path}'.`, path);
}

export function unknownParameter(path: string): Refusal {
  return badRequest('unknown_parameter', `Unknown parameter: '${shown(path)}'. Leave it out.`, shown(path));
}

export function unsupportedParameter(path: string, why: string): Refusal {
  return badRequest('unsupported_parameter', `Unsupported parameter: '${path}' ${why}`, path);
}

export function invalidValue(path: string, expected: string): Refusal {
  return badRequest('invalid_value', `Invalid value for '${path}': it must be ${expected}.`, path);
}

/** Names the type that came and never the value: it may be part of a prompt. */
function invalidType(path: string, expected: string, value: unknown): Refusal {
  return badRequest(
    'invalid_type',
    `Invalid type for '${path}': expected ${expected}, but got ${typeName(value)} instead.`,
    path,
  );
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return { string: 'a string', boolean: 'a boolean' }[typeof value as string] ?? 'an object';
}

/** A name the caller made up may be as long as the body. */
function shown(path: string): string {
  return path.slice(0, 100);
}
