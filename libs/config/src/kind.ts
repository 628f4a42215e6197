import { Sensitive } from '@ostro/kernel';

/** What a variable may hold. `parse` gives the value or says, in words that follow "must be", what was expected. */
export interface Kind<T> {
  /** Completes the sentence "NAME must be …". */
  readonly expected: string;
  /** A value that parses; shown in errors and manuals. */
  readonly example: string;
  /** Returns undefined when the text is not of this kind. */
  parse(text: string): T | undefined;
  /** Refuses a variable name that would mislead; a programming error, so it throws at boot in every environment. */
  checkName?(name: string): void;
}

export type Unit = 'ms' | 'seconds' | 'bytes' | 'tokens' | 'count';

export function string(options: { pattern?: RegExp; expected?: string; example?: string } = {}): Kind<string> {
  return {
    expected: options.expected ?? (options.pattern ? `text matching ${options.pattern.source}` : 'text'),
    example: options.example ?? 'text',
    parse: (text) => (options.pattern && !options.pattern.test(text) ? undefined : text),
  };
}

/**
 * A whole number in [min, max]. A quantity states its unit, and then the variable's name must end in it
 * (`..._MS`), so that nobody sets seconds where milliseconds are read.
 */
export function integer(options: { min: number; max: number; unit?: Unit; example?: number }): Kind<number> {
  const { min, max, unit } = options;
  return {
    expected: `a whole number from ${min} to ${max}${unit ? ` (${unit})` : ''}`,
    example: String(options.example ?? min),
    parse: (text) => {
      const value = /^-?[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
    checkName: (name) => {
      if (unit && unit !== 'count' && !name.endsWith(`_${unit.toUpperCase()}`)) {
        throw new TypeError(`${name} is read in ${unit}: call it ..._${unit.toUpperCase()}`);
      }
    },
  };
}

/** A ratio such as a sampling rate. */
export function fraction(): Kind<number> {
  return {
    expected: 'a number from 0 to 1',
    example: '0.1',
    parse: (text) => (/^(0|1|0\.[0-9]{1,9}|1\.0{1,9})$/.test(text) ? Number(text) : undefined),
  };
}

export function boolean(): Kind<boolean> {
  const words = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]);
  return { expected: 'true or false', example: 'true', parse: (text) => words.get(text) };
}

/** An absolute URL, kept as it was written. `describeConfig` hides its password. */
export function url(options: { protocols?: readonly string[]; example?: string } = {}): Kind<string> {
  const protocols = options.protocols ?? ['http', 'https'];
  return {
    expected: `a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    example: options.example ?? `${protocols[0]}://127.0.0.1:4318`,
    parse: (text) => {
      const protocol = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : undefined;
      return protocol !== undefined && protocols.includes(protocol) ? text : undefined;
    },
  };
}

export interface HostPort {
  readonly host: string;
  /** 0 asks the system for a free port where one listens; to dial, it is refused by the dialler. */
  readonly port: number;
}

/** `host:port`; an IPv6 address goes in brackets, as in a URL, and leaves without them. */
export function hostPort(options: { example?: string } = {}): Kind<HostPort> {
  return {
    expected: 'an address host:port (an IPv6 host in brackets)',
    example: options.example ?? '127.0.0.1:7001',
    parse: (text) => {
      const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
      const port = Number(match?.[3]);
      return match && port <= 65535 ? { host: (match[1] ?? match[2])!, port } : undefined;
    },
  };
}

/** Comma-separated items, each of one kind; blanks around an item are dropped, an empty item is refused. */
export function list<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    expected: `a comma-separated list, each ${item.expected}`,
    example: item.example,
    parse: (text) => {
      const values = text.split(',').map((part) => (part.trim() === '' ? undefined : item.parse(part.trim())));
      return values.every((value) => value !== undefined) ? (values as T[]) : undefined;
    },
    ...(item.checkName && { checkName: item.checkName }),
  };
}

export function oneOf<const T extends string>(...choices: readonly [T, ...T[]]): Kind<T> {
  return {
    expected: `one of ${choices.join(', ')}`,
    example: choices[0],
    parse: (text) => choices.find((choice) => choice === text),
  };
}

/** A password, key or token: wrapped as it is read, so that no print of the configuration can show it. */
export function secret(options: { minLength?: number; example?: string } = {}): Kind<Sensitive<string>> {
  const minLength = options.minLength ?? 1;
  return {
    expected: `a secret of ${minLength} characters or more`,
    example: options.example ?? '<secret>',
    parse: (text) => (text.length >= minLength ? new Sensitive(text) : undefined),
  };
}

/** A file or folder as it was written; the adapter that opens it resolves it and reports what is missing. */
export function path(options: { example?: string } = {}): Kind<string> {
  return {
    expected: 'a path',
    example: options.example ?? './data',
    parse: (text) => (text.includes('\0') ? undefined : text),
  };
}
