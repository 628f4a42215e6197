import { type Command, InvalidArgumentError } from 'commander';
import { given } from '../given.ts';
import { body, everyItem, type Schemas } from '../management/client.ts';
import { fields } from '../output/table.ts';
import { age, byteSize, durationSeconds } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';

type Node = Schemas['Node'];

export function nodeCommands(program: Command, commands: Commands): void {
  const nodes = program.command('nodes').description('the machines that run replicas');
  nodes.command('list').action(commands.run(list));
  nodes.command('show').argument('<node>', 'id or name').action(commands.run(show));
  const states = [
    { name: 'cordon', state: 'cordoned', about: 'take no new replicas' },
    { name: 'uncordon', state: 'ready', about: 'take replicas again' },
    { name: 'drain', state: 'draining', about: 'move its replicas away' },
  ] as const;
  for (const { name, state, about } of states) {
    nodes
      .command(name)
      .description(about)
      .argument('<node>', 'id or name')
      .action(commands.run((session, _, node) => setState(session, node, state)));
  }
  nodes
    .command('join-token')
    .description('let one machine join; the token is shown once')
    .requiredOption('--site <id>', 'where it stands')
    .option('--country <code>', 'ISO 3166-1 alpha-2', '')
    .option('--operator <name>', 'legal entity that operates the site', '')
    .option('--certification <name>', 'held by the site (repeat)', collect)
    .option('--expires <duration>', 'lifetime such as 15m, at most 1h', lifetime)
    .action(commands.run(joinToken));
  program
    .command('decisions')
    .description('why replicas are where they are')
    .command('show')
    .argument('<decision>')
    .action(commands.run(decision));
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function lifetime(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds === undefined || seconds > 3_600) throw new InvalidArgumentError('Write it as 15m; at most 1h.');
  return seconds;
}

async function list(session: Session): Promise<void> {
  const api = await session.api();
  const nodes = await everyItem((page_token) => api.GET('/v1/nodes', { params: { query: { page_token } } }));
  const { out, clock } = session;
  out.list<Node>(
    nodes,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'id', cell: ({ node_id }) => node_id },
      { head: 'state', cell: ({ state }) => out.state(state) },
      { head: 'site', cell: ({ site_id, country }) => [site_id, country].filter(Boolean).join(' ') },
      { head: 'accelerators', cell: acceleratorsOf },
      { head: 'free', cell: ({ accelerators }) => byteSize(sum(accelerators, 'free_memory_bytes')), alignRight: true },
      { head: 'replicas', cell: ({ replicas }) => replicas, alignRight: true },
      { head: 'seen', cell: ({ last_report_time }) => age(last_report_time, clock.now()) },
    ],
    'There is no node: "ostro nodes join-token --site SITE" lets one join.',
  );
}

/** "8 × H100-80GB": how many of each model. */
function acceleratorsOf({ accelerators }: Node): string {
  const counts = new Map<string, number>();
  for (const { model } of accelerators) counts.set(model, (counts.get(model) ?? 0) + 1);
  return [...counts].map(([model, count]) => `${count} × ${model}`).join(', ');
}

function sum(accelerators: Node['accelerators'], field: 'memory_bytes' | 'free_memory_bytes'): number {
  return accelerators.reduce((total, accelerator) => total + accelerator[field], 0);
}

async function show(session: Session, _: object, name: string): Promise<void> {
  const node = await body((await session.api()).GET('/v1/nodes/{node}', { params: { path: { node: name } } }));
  session.out.show(node, () => [
    ...fields({
      name: node.name,
      id: node.node_id,
      state: session.out.state(node.state),
      site: node.site_id,
      country: node.country,
      operator: node.operator,
      certifications: node.certifications.join(', '),
      accelerators: acceleratorsOf(node),
      memory: `${byteSize(sum(node.accelerators, 'free_memory_bytes'))} free of ${byteSize(sum(node.accelerators, 'memory_bytes'))}`,
      cpu: `${node.free_cpu_milli / 1_000} free of ${node.cpu_milli / 1_000} cores`,
      'host memory': byteSize(node.host_memory_bytes),
      replicas: node.replicas,
      agent: node.agent_version,
      'last report': node.last_report_time,
    }),
  ]);
}

async function setState(session: Session, name: string, state: 'ready' | 'cordoned' | 'draining'): Promise<void> {
  const api = await session.api();
  const node = await body(api.PATCH('/v1/nodes/{node}', { params: { path: { node: name } }, body: { state } }));
  session.out.show(node, () => [`${node.name} is ${node.state}`]);
}

interface JoinTokenOptions {
  readonly site: string;
  readonly country: string;
  readonly operator: string;
  readonly certification?: string[];
  readonly expires?: number;
}

async function joinToken(session: Session, options: JoinTokenOptions): Promise<void> {
  const { site, country, operator, certification: certifications = [], expires: ttl_seconds } = options;
  const token = await body(
    (await session.api()).POST('/v1/nodes/join-tokens', {
      body: { site: { site_id: site, country, operator, certifications }, ...given({ ttl_seconds }) },
    }),
  );
  session.out.show(token, () => [token.join_token]);
  session.out.say(
    `One machine may join with it until ${token.expire_time ?? 'it expires'}; --json shows the CA it must trust too.`,
  );
}

async function decision(session: Session, _: object, id: string): Promise<void> {
  const api = await session.api();
  const found = await body(api.GET('/v1/decisions/{decision_id}', { params: { path: { decision_id: id } } }));
  session.out.show(found, () => [
    ...fields({
      decision: found.decision_id,
      replica: found.replica_id,
      node: found.node_id || 'nothing fits',
      taken: found.create_time,
      engine: found.engine_version,
      profile: found.profile_digest,
      seed: found.seed,
    }),
    '',
    found.explanation,
  ]);
}
