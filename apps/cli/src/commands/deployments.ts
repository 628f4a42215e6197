import { type Command, InvalidArgumentError } from 'commander';
import { readDecisions, shown } from '../deployments/show.ts';
import { untilGone, untilReady } from '../deployments/wait.ts';
import { given } from '../given.ts';
import { answered, body, everyItem, type Schemas } from '../management/client.ts';
import { dataOf } from '../management/server-events.ts';
import { age } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';
import { usageError } from '../usage-error.ts';

export function deploymentCommands(program: Command, commands: Commands): void {
  const deployments = program.command('deployments').description('models that run');
  deployments
    .command('create')
    .description('run a model under a name that clients put into "model"')
    .argument('<name>')
    .requiredOption('--model <reference>', '"name", "name:alias" or "sha256:..."')
    .option('--replicas <n>', 'running copies; with --max: how many to start with (default: 1, or --min)', whole)
    .option('--min <n>', 'fewest copies when demand decides; 0: none while nobody calls (default: 1)', whole)
    .option('--max <n>', 'most copies: lets demand decide how many run', whole)
    .option('--runtime <kind>', 'llama_cpp, vllm or simulated (default: chosen by the model)')
    .option('--concurrency <n>', 'requests a replica serves at once', whole)
    .option('--context-tokens <n>', 'context per request', whole)
    .option('--accelerator <model>', 'may run on it, such as H100-80GB or CPU (repeat; default: any)', collect)
    .option('--accelerators <n>', 'accelerators per replica', whole)
    .option('--country <code>', 'may run there (repeat; default: anywhere)', collect)
    .option('--embedding', 'serve embeddings instead of text')
    .option('--project <id>', "project it lives in (default: the key's)")
    .option('--wait', 'until it is ready, saying what happens')
    .action(commands.run(create));
  deployments.command('list').option('--project <id>', 'only of this project').action(commands.run(list));
  deployments
    .command('show')
    .description('how it is going, replica by replica, and why')
    .argument('<deployment>', 'id or name')
    .action(commands.run(show));
  deployments
    .command('scale')
    .description('say how many copies run, or between which bounds demand decides')
    .argument('<deployment>', 'id or name')
    .argument('[replicas]', 'running copies, by hand: demand no longer decides', whole)
    .option('--min <n>', 'fewest copies when demand decides; 0: none while nobody calls', whole)
    .option('--max <n>', 'most copies when demand decides', whole)
    .option('--wait', 'until it is so')
    .action(commands.run<ScaleOptions, [string, number | undefined]>(scale));
  deployments
    .command('delete')
    .description('drain its replicas, then remove it and its endpoint')
    .argument('<deployment>', 'id or name')
    .option('--wait', 'until it is gone')
    .action(commands.run(remove));
  program
    .command('logs')
    .description("follow the model servers' logs; prompts and answers are never in them")
    .argument('<deployment>', 'id or name')
    .option('--replica <id>', 'only of this replica', '')
    .action(commands.run(logs));
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

interface WaitOption {
  readonly wait?: boolean;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

interface ScaleOptions extends WaitOption, Bounds {}

interface CreateOptions extends WaitOption, Bounds {
  readonly model: string;
  readonly replicas?: number;
  readonly runtime?: NonNullable<Schemas['NewDeployment']['spec']['runtime']>;
  readonly concurrency?: number;
  readonly contextTokens?: number;
  readonly accelerator?: string[];
  readonly accelerators?: number;
  readonly country?: string[];
  readonly embedding?: boolean;
  readonly project?: string;
}

async function create(session: Session, options: CreateOptions, name: string): Promise<void> {
  const { project, wait } = options;
  const created = await body(
    (await session.api()).POST('/v1/deployments', {
      body: { name, spec: specOf(options), ...given({ project_id: project }) },
    }),
  );
  const deployment = wait ? await untilReady(session, created.deployment_id) : created;
  session.out.show(deployment, () => [
    `${deployment.name} is ${deployment.phase}; clients call it as model "${deployment.name}"`,
  ]);
}

function specOf(options: CreateOptions): Schemas['NewDeployment']['spec'] {
  const { model, runtime, concurrency, contextTokens, accelerator, accelerators, country, embedding } = options;
  const hardware = given({ models: accelerator, count: accelerators });
  return {
    model,
    ...scaleOf(options),
    ...given({
      runtime,
      concurrency,
      context_tokens: contextTokens,
      embedding,
      accelerators: Object.keys(hardware).length > 0 ? hardware : undefined,
      residency: country && { countries: country },
    }),
  };
}

function scaleOf({ replicas, min, max }: CreateOptions) {
  if (max === undefined && min !== undefined) throw usageError('--min needs --max: say how many may run at most');
  if (max === undefined) return { replicas: replicas ?? 1 };
  return { ...given({ replicas }), autoscaling: { min_replicas: min ?? 1, max_replicas: max } };
}

async function list(session: Session, { project = '' }: { readonly project?: string }): Promise<void> {
  const api = await session.api();
  const deployments = await everyItem((page_token) =>
    api.GET('/v1/deployments', { params: { query: { project_id: project, page_token } } }),
  );
  const { out, clock } = session;
  out.list<Schemas['Deployment']>(
    deployments,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'phase', cell: ({ phase }) => out.state(phase) },
      { head: 'ready', cell: ({ ready_replicas, replicas }) => `${ready_replicas}/${replicas}`, alignRight: true },
      { head: 'model', cell: ({ revision }) => revision?.spec?.model ?? '' },
      { head: 'id', cell: ({ deployment_id }) => deployment_id },
      { head: 'age', cell: ({ create_time }) => age(create_time, clock.now()) },
    ],
    'Nothing is deployed: "ostro deployments create NAME --model MODEL" does that.',
  );
}

async function show(session: Session, _: object, name: string): Promise<void> {
  const api = await session.api();
  const path = { deployment: name };
  const deployment = await body(api.GET('/v1/deployments/{deployment}', { params: { path } }));
  const replicas = await everyItem((page_token) =>
    api.GET('/v1/deployments/{deployment}/replicas', { params: { path, query: { page_token } } }),
  );
  const decisions = await readDecisions(api, deployment, replicas);
  session.out.show({ ...deployment, replicas_now: replicas, decisions }, () =>
    shown({ deployment, replicas, decisions }, session.out, session.clock.now()),
  );
}

async function scale(session: Session, options: ScaleOptions, name: string, replicas?: number): Promise<void> {
  const spec = scalePatch(options, replicas);
  const api = await session.api();
  const changed = await body(
    api.PATCH('/v1/deployments/{deployment}', { params: { path: { deployment: name } }, body: { spec } }),
  );
  const deployment = options.wait ? await untilReady(session, changed.deployment_id) : changed;
  const { autoscaling: bounds } = deployment;
  session.out.show(deployment, () => [
    `${deployment.name}: ${deployment.replicas} wanted, ${deployment.ready_replicas} ready`,
    ...(bounds ? [`demand decides between ${bounds.min_replicas} and ${bounds.max_replicas}`] : []),
  ]);
}

/** A number takes the decision away from demand, bounds give it back. */
function scalePatch({ min, max }: Bounds, replicas: number | undefined): Schemas['DeploymentPatch']['spec'] {
  const bounds = given({ min_replicas: min, max_replicas: max });
  const hasBounds = Object.keys(bounds).length > 0;
  if (hasBounds === (replicas !== undefined)) throw usageError('say how many, or give --min and --max');
  // A merge patch: a bound that is not named stays.
  return hasBounds ? { autoscaling: bounds } : { replicas: replicas!, autoscaling: null };
}

async function remove(session: Session, { wait }: WaitOption, name: string): Promise<void> {
  const api = await session.api();
  const deployment = await body(api.DELETE('/v1/deployments/{deployment}', { params: { path: { deployment: name } } }));
  if (wait) await untilGone(session, deployment.deployment_id);
  session.out.show(deployment, () => [`${deployment.name} is ${wait ? 'gone' : 'being removed'}`]);
}

async function logs(session: Session, { replica }: { readonly replica: string }, name: string): Promise<void> {
  const { apiUrl, apiKey } = await session.context();
  const url = new URL(`/v1/deployments/${encodeURIComponent(name)}/logs`, apiUrl);
  if (replica !== '') url.searchParams.set('replica_id', replica);
  const response = await answered(url.href, { headers: { authorization: `Bearer ${apiKey}` } });
  for await (const line of dataOf<Schemas['LogLine']>(response)) {
    session.out.event(line, () => `${session.out.style('dim', line.replica_id)} ${line.line}`);
  }
}
