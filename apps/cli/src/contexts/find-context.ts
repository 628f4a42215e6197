import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DomainError } from '@ostro/kernel';
import type { Io } from '../io.ts';
import { type Context, contextNamed, Contexts } from './config-file.ts';

/** A context and where it was found, for messages. */
export interface FoundContext extends Context {
  readonly name: string;
}

export function contextsOf({ env }: Pick<Io, 'env'>): Contexts {
  const configHome = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config');
  return new Contexts(join(configHome, 'ostro'));
}

/**
 * The first of: `--context`, the environment (OSTRO_API_URL and OSTRO_API_KEY), OSTRO_CONTEXT, the context that
 * "ostro use" chose, and the Ostro that "ostro up" runs in this folder or one above.
 *
 * @throws DomainError UNAUTHENTICATED (NOT_LOGGED_IN) that names the ways.
 */
export async function findContext(io: Pick<Io, 'env' | 'directory'>, asked: string | undefined): Promise<FoundContext> {
  const { current, contexts } = await contextsOf(io).read();
  if (asked !== undefined) return { name: asked, ...contextNamed(asked, contexts) };
  const given = fromEnvironment(io.env);
  if (given) return given;
  const name = io.env['OSTRO_CONTEXT'] ?? current;
  if (name !== undefined) return { name, ...contextNamed(name, contexts) };
  const local = await runningBelow(io.directory);
  if (local) return local;
  throw new DomainError(
    'UNAUTHENTICATED',
    'NOT_LOGGED_IN',
    'no Ostro is known here: start one with "ostro up", or run "ostro login", or set OSTRO_API_URL and OSTRO_API_KEY',
  );
}

function fromEnvironment(env: Io['env']): FoundContext | undefined {
  const { OSTRO_API_URL: apiUrl, OSTRO_API_KEY: apiKey, OSTRO_GATEWAY_URL: gatewayUrl } = env;
  if (!apiUrl && !apiKey) return undefined;
  if (apiUrl && apiKey) return { name: 'environment', apiUrl, apiKey, ...(gatewayUrl && { gatewayUrl }) };
  const missing = apiUrl ? 'OSTRO_API_KEY' : 'OSTRO_API_URL';
  throw new DomainError(
    'INVALID_ARGUMENT',
    'USAGE',
    `${missing} is not set; OSTRO_API_URL and OSTRO_API_KEY go together`,
  );
}

/** What a local Ostro writes when it starts: `.ostro/credentials.json`. */
async function runningBelow(directory: string): Promise<FoundContext | undefined> {
  try {
    const text = await readFile(join(directory, '.ostro', 'credentials.json'), 'utf8');
    const { apiUrl, apiKey, gatewayUrl } = JSON.parse(text) as Context;
    return { name: 'local', apiUrl, apiKey, ...(gatewayUrl !== undefined && { gatewayUrl }) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const above = dirname(directory);
    return above === directory ? undefined : runningBelow(above);
  }
}
