import { DomainError } from '@ostro/kernel';

/** A value that cannot be used; `param` is a path as OpenAI writes it. */
export function refuse(param: string, problem: string, reason = 'INVALID_VALUE'): DomainError {
  return new DomainError('INVALID_ARGUMENT', reason, `'${param}' ${problem}.`, { details: { param } });
}

/**
 * Reads an object field by field and refuses what is left over: a parameter that would silently do nothing is worse
 * than an error. Null means absent, as OpenAI's clients send it.
 */
export class Fields {
  readonly #rest: Map<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refuse(path || 'body', 'must be a JSON object');
    this.#rest = new Map(Object.entries(value).filter(([, field]) => field !== null && field !== undefined));
    this.#path = path;
  }

  take(name: string): unknown {
    const value = this.#rest.get(name);
    this.#rest.delete(name);
    return value;
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string') throw refuse(this.#at(name), 'must be a string');
    return value;
  }

  flag(name: string): boolean {
    const value = this.take(name) ?? false;
    if (typeof value !== 'boolean') throw refuse(this.#at(name), 'must be true or false');
    return value;
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw refuse(this.#at(name), `must be a number from ${least} to ${most}`);
    return value;
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.number(name, least, most);
    if (value !== undefined && !Number.isInteger(value)) throw refuse(this.#at(name), 'must be a whole number');
    return value;
  }

  /** @throws DomainError INVALID_ARGUMENT (UNSUPPORTED_PARAMETER) naming a field that nobody took. */
  end(): void {
    const [name] = this.#rest.keys();
    if (name === undefined) return;
    throw refuse(
      this.#at(name.slice(0, 100)),
      'is not supported by this runtime; leave it out',
      'UNSUPPORTED_PARAMETER',
    );
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
