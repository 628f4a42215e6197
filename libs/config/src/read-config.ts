import { DomainError } from '@ostro/kernel';
import type { Kind } from './kind.ts';
import { nearest } from './nearest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The three verbs. An empty variable counts as not set, as compose files and shells write it. A value that is
 * wrong is a problem with every verb: a default never hides a mistake.
 */
export interface Read {
  required<T>(name: string, kind: Kind<T>): T;
  optional<T>(name: string, kind: Kind<T>): T | undefined;
  defaulted<T>(name: string, kind: Kind<T>, fallback: T): T;
}

export interface ReadOptions {
  /** The app's folder name: every `OSTRO_<APP>_*` that nothing reads is reported as a likely typo. */
  readonly app: string;
  /** Where such reports go. */
  readonly warn: (message: string) => void;
}

/**
 * Reads a whole configuration. All problems are found before any is reported, so an operator repairs a
 * deployment in one round. The result is frozen to its leaves.
 *
 * `build` must only read and arrange: while a problem is being collected it receives no usable value.
 *
 * @throws DomainError FAILED_PRECONDITION (INVALID_CONFIGURATION): each variable, what is wrong and an example.
 */
export function readConfig<T extends object>(env: Environment, build: (read: Read) => T, options: ReadOptions): T {
  const problems: Problem[] = [];
  const known = new Set<string>();
  const value = <V>(name: string, kind: Kind<V>): V | undefined => {
    kind.checkName?.(name);
    known.add(name);
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    const parsed = kind.parse(text);
    // The text itself stays out of the message: it may be a secret in the wrong variable.
    if (parsed === undefined) problems.push({ name, wrong: `must be ${kind.expected}`, example: kind.example });
    return parsed;
  };
  const read: Read = {
    optional: value,
    required: (name, kind) => {
      const found = value(name, kind);
      if (found === undefined && !env[name]) {
        problems.push({ name, wrong: `is not set; it must be ${kind.expected}`, example: kind.example });
      }
      return found as never;
    },
    defaulted: (name, kind, fallback) => value(name, kind) ?? fallback,
  };
  const config = collect(() => build(read), problems);
  reportUnknown(env, known, options);
  return freeze(config);
}

interface Problem {
  readonly name: string;
  readonly wrong: string;
  readonly example: string;
}

function collect<T>(build: () => T, problems: readonly Problem[]): T {
  try {
    const config = build();
    if (problems.length === 0) return config;
  } catch (error) {
    // A build that trips over a missing value is a consequence: the problems are what the operator can mend.
    if (problems.length === 0) throw error;
  }
  const lines = problems.map(({ name, wrong, example }) => `  ${name} ${wrong}. Example: ${name}=${example}`);
  throw new DomainError(
    'FAILED_PRECONDITION',
    'INVALID_CONFIGURATION',
    `the configuration has ${problems.length} problem(s); set these environment variables:\n${lines.join('\n')}`,
    { details: Object.fromEntries(problems.map(({ name, wrong }) => [name, wrong])) },
  );
}

function reportUnknown(env: Environment, known: ReadonlySet<string>, { app, warn }: ReadOptions): void {
  const prefix = `OSTRO_${app.toUpperCase().replaceAll('-', '_')}_`;
  for (const name of Object.keys(env)) {
    if (!name.startsWith(prefix) || known.has(name)) continue;
    const meant = nearest(name, known);
    warn(`${name} is set but nothing reads it${meant ? `; did you mean ${meant}?` : ''}`);
  }
}

function freeze<T>(value: T): T {
  if (isPlain(value)) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
