import { Sensitive } from '@ostro/kernel';
import type { Kind } from './kind.ts';
import type { Read } from './read-config.ts';

/** The configuration as lines `path = value` for the log at boot. Secrets and passwords in URLs are not in it. */
export function describeConfig(config: object): string {
  return lines('', config).join('\n');
}

function lines(path: string, value: unknown): string[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Sensitive)) {
    return Object.entries(value).flatMap(([key, part]) => lines(path ? `${path}.${key}` : key, part));
  }
  return [`${path} = ${shown(value)}`];
}

function shown(value: unknown): string {
  if (value === undefined) return '(not set)';
  if (Array.isArray(value)) return value.map((part) => withoutPassword(JSON.stringify(part))).join(', ');
  return withoutPassword(String(value));
}

function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^/?#\s:@]*):[^/?#\s]*@/g, '$1:[redacted]@');
}

/** One variable an app reads, for manuals and for checks of deployment files against the code. */
export interface Variable {
  readonly name: string;
  readonly need: 'required' | 'optional' | 'defaulted';
  readonly expected: string;
  readonly fallback?: string;
}

/** Every variable that `build` reads, in order, found by running it on examples instead of an environment. */
export function listVariables(build: (read: Read) => object): readonly Variable[] {
  const variables: Variable[] = [];
  build({
    required: (name, kind) => {
      variables.push({ name, need: 'required', expected: kind.expected });
      return exampleOf(name, kind);
    },
    optional: (name, kind) => {
      variables.push({ name, need: 'optional', expected: kind.expected });
      return undefined;
    },
    defaulted: (name, kind, fallback) => {
      variables.push({ name, need: 'defaulted', expected: kind.expected, fallback: JSON.stringify(fallback) });
      return fallback;
    },
  });
  return variables;
}

function exampleOf<T>(name: string, kind: Kind<T>): T {
  const value = kind.parse(kind.example);
  if (value === undefined) throw new TypeError(`the example of ${name}, "${kind.example}", is not ${kind.expected}`);
  return value;
}
