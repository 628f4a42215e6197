import { type Command, InvalidArgumentError } from 'commander';
import { given } from '../given.ts';
import { body, everyItem, type Schemas } from '../management/client.ts';
import { fields } from '../output/table.ts';
import { age, durationSeconds } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';

/** The organization and its projects and keys. */
export function accessCommands(program: Command, commands: Commands): void {
  program.command('orgs').description('the organization of the key').action(commands.run(organization));

  const projects = program.command('projects').description('where deployments, endpoints and keys live');
  projects.command('list').action(commands.run(listProjects));
  projects.command('create').argument('<name>').action(commands.run(createProject));

  const keys = program.command('keys').description('what programs and people call with');
  keys.command('list').option('--project <id>', 'only of this project').action(commands.run(listKeys));
  keys
    .command('create')
    .description('make a key and show it, this once')
    .argument('<name>')
    .option('--scope <scope>', 'inference, manage:read, manage:models, ..., manage:* (repeat)', collect)
    .option('--model <endpoint>', 'endpoint it may call (repeat; default: all)', collect)
    .option('--project <id>', "project it belongs to (default: the caller's)")
    .option('--principal <id>', 'who owns it (default: the caller)')
    .option('--expires <duration>', 'lifetime such as 12h or 90d', duration)
    .action(commands.run(createKey));
  keys
    .command('revoke')
    .argument('<key>')
    .option('--compromised', 'it leaked: streams that it started are ended too')
    .action(commands.run(revokeKey));
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function duration(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds === undefined) throw new InvalidArgumentError('Write it as 30m, 12h or 90d.');
  return seconds;
}

async function organization(session: Session): Promise<void> {
  const value = await body((await session.api()).GET('/v1/organization'));
  session.out.show(value, () => fields({ id: value.organization_id, name: value.name, cell: value.cell_id }));
}

async function listProjects(session: Session): Promise<void> {
  const api = await session.api();
  const projects = await everyItem((page_token) => api.GET('/v1/projects', { params: { query: { page_token } } }));
  session.out.list(
    projects,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'id', cell: ({ project_id }) => project_id },
      { head: 'age', cell: ({ create_time }) => age(create_time, session.clock.now()) },
    ],
    'There is no project yet: "ostro projects create NAME" makes one.',
  );
}

async function createProject(session: Session, _: object, name: string): Promise<void> {
  const project = await body((await session.api()).POST('/v1/projects', { body: { name } }));
  session.out.show(project, () => [`${project.name} is ${project.project_id}`]);
}

async function listKeys(session: Session, { project = '' }: { readonly project?: string }): Promise<void> {
  const api = await session.api();
  const keys = await everyItem((page_token) =>
    api.GET('/v1/keys', { params: { query: { project_id: project, page_token } } }),
  );
  const { out, clock } = session;
  out.list<Schemas['ApiKey']>(
    keys,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'id', cell: ({ key_id }) => key_id },
      { head: 'prefix', cell: ({ prefix }) => prefix },
      { head: 'scopes', cell: ({ scopes }) => scopes.join(' ') },
      { head: 'state', cell: ({ state }) => state },
      { head: 'age', cell: ({ create_time }) => age(create_time, clock.now()) },
      { head: 'expires', cell: ({ expire_time = '' }) => expire_time.slice(0, 10) },
    ],
    'There is no key: "ostro keys create NAME --scope inference" makes one.',
  );
}

interface CreateKeyOptions {
  readonly scope?: string[];
  readonly model?: string[];
  readonly project?: string;
  readonly principal?: string;
  readonly expires?: number;
}

async function createKey(session: Session, options: CreateKeyOptions, name: string): Promise<void> {
  const { scope = ['inference'], model, project, principal, expires } = options;
  const key = await body(
    (await session.api()).POST('/v1/keys', {
      body: {
        name,
        scopes: scope,
        ...given({ allowed_models: model, project_id: project, principal_id: principal, ttl_seconds: expires }),
      },
    }),
  );
  session.out.show(key, () => [key.secret]);
  session.out.say(
    `This is ${key.key_id} (${key.scopes.join(' ')}); its secret is not stored and cannot be shown again.`,
  );
}

async function revokeKey(
  session: Session,
  { compromised = false }: { readonly compromised?: boolean },
  keyId: string,
): Promise<void> {
  const reason = compromised ? 'compromised' : 'requested';
  const key = await body(
    (await session.api()).DELETE('/v1/keys/{key_id}', { params: { path: { key_id: keyId }, query: { reason } } }),
  );
  session.out.show(key, () => [`${key.name} (${key.key_id}) is revoked; gateways refuse it within 5 s.`]);
}
