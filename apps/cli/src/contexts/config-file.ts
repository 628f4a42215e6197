import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError } from '@ostro/kernel';

/** Where an Ostro is and the key to it. */
export interface Context {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Absent: as the API says. */
  readonly gatewayUrl?: string;
}

export interface ConfigFile {
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** `config.json` in the user's configuration folder: keys are in it, so nobody else may read it. */
export class Contexts {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'config.json');
  }

  /** @throws DomainError FAILED_PRECONDITION (CONFIG_UNREADABLE) */
  async read(): Promise<ConfigFile> {
    try {
      return asConfig(JSON.parse(await readFile(this.path, 'utf8')));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
      const message = `${this.path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}; mend or remove it, then run "ostro login"`;
      throw new DomainError('FAILED_PRECONDITION', 'CONFIG_UNREADABLE', message, { cause });
    }
  }

  /** Adds or replaces a context and makes it the current one. */
  async save(name: string, context: Context): Promise<void> {
    const { contexts } = await this.read();
    await this.#write({ current: name, contexts: { ...contexts, [name]: context } });
  }

  /** @throws DomainError NOT_FOUND (CONTEXT_NOT_FOUND) naming those there are. */
  async use(name: string): Promise<void> {
    const { contexts } = await this.read();
    contextNamed(name, contexts);
    await this.#write({ current: name, contexts });
  }

  /** Written beside and renamed: a crash leaves the old keys or the new ones, never half of them. */
  async #write(config: ConfigFile): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const beside = `${this.path}.${process.pid}`;
    await writeFile(beside, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    await chmod(beside, 0o600);
    await rename(beside, this.path);
  }
}

export function contextNamed(name: string, contexts: ConfigFile['contexts']): Context {
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context) return context;
  const known = Object.keys(contexts);
  const hint = known.length > 0 ? `there are ${known.join(', ')}` : 'there is none yet: run "ostro login"';
  throw new DomainError('NOT_FOUND', 'CONTEXT_NOT_FOUND', `there is no context "${name}"; ${hint}`);
}

function asConfig(value: unknown): ConfigFile {
  const { current, contexts = {} } = value as Partial<ConfigFile>;
  for (const [name, { apiUrl, apiKey }] of Object.entries(contexts)) {
    if (typeof apiUrl !== 'string' || typeof apiKey !== 'string') {
      throw new TypeError(`context "${name}" has no apiUrl and apiKey`);
    }
  }
  return { contexts, ...(typeof current === 'string' && { current }) };
}
