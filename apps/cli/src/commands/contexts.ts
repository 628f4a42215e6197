import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { contextsOf } from '../contexts/find-context.ts';
import { readSecret } from '../contexts/read-secret.ts';
import { body, managementClient } from '../management/client.ts';
import { fields } from '../output/table.ts';
import type { Commands, Session } from '../session.ts';
import { usageError } from '../usage-error.ts';

const DEFAULT_API_URL = 'http://127.0.0.1:8081';

interface LoginOptions {
  readonly apiUrl: string;
  readonly name: string;
  readonly keyFile?: string;
}

export function contextCommands(program: Command, commands: Commands): void {
  program
    .command('login')
    .description('store a key, after trying it')
    .option('--api-url <url>', 'where the management API is', DEFAULT_API_URL)
    .option('--name <name>', 'name of the context', 'default')
    .option('--key-file <path>', 'read the key from a file; else from standard input')
    .action(commands.run(login));
  program
    .command('use')
    .description('choose a context, or list them')
    .argument('[context]')
    .action(commands.run<object, [string | undefined]>(use));
  program.command('whoami').description('who the key acts for, and what it may do').action(commands.run(whoami));
}

async function login({ io, out }: Session, { apiUrl, name, keyFile }: LoginOptions): Promise<void> {
  if (!/^https?:\/\//.test(apiUrl)) throw usageError(`--api-url is an address such as ${DEFAULT_API_URL}`);
  const given =
    keyFile === undefined ? await readSecret(io, 'Key: ') : await readFile(resolve(io.directory, keyFile), 'utf8');
  const apiKey = given.trim();
  if (apiKey === '') throw usageError('the key is empty; pipe it in, or name its file with --key-file');
  const who = await body(managementClient(apiUrl, apiKey).GET('/v1/whoami'));
  const contexts = contextsOf(io);
  await contexts.save(name, { apiUrl, apiKey, gatewayUrl: who.gateway_url });
  out.show({ context: name, ...who }, () => [
    `Logged in to ${who.organization_id}; context "${name}" in ${contexts.path}`,
  ]);
}

async function use({ io, out }: Session, _: object, name: string | undefined): Promise<void> {
  const store = contextsOf(io);
  if (name !== undefined) await store.use(name);
  const { current, contexts } = await store.read();
  const rows = Object.entries(contexts).map(([name, { apiUrl }]) => ({
    name,
    api_url: apiUrl,
    current: name === current,
  }));
  out.list(
    rows,
    [
      { head: '', cell: (row) => (row.current ? '*' : ' ') },
      { head: 'name', cell: (row) => row.name },
      { head: 'api', cell: (row) => row.api_url },
    ],
    'There is no context yet: run "ostro login".',
  );
}

async function whoami(session: Session): Promise<void> {
  const who = await body((await session.api()).GET('/v1/whoami'));
  session.out.show(who, () => fields({ ...who, permissions: who.permissions.join(', ') }));
}
