import { body, type ManagementClient, type Schemas } from '../management/client.ts';
import type { Output } from '../output/output.ts';
import { fields, table } from '../output/table.ts';
import { age } from '../output/units.ts';

type Deployment = Schemas['Deployment'];
type Replica = Schemas['Replica'];
type Decision = Schemas['Decision'];

/** Why replicas that wait for a node do so, and why there are as many as there are. */
export async function readDecisions(
  api: ManagementClient,
  { scaling_decision_id: scaling }: Deployment,
  replicas: readonly Replica[],
): Promise<Decision[]> {
  const waiting = replicas.filter(({ phase }) => phase === 'pending');
  const ids = new Set([scaling, ...waiting.map(({ decision_id }) => decision_id)].filter((id) => id !== ''));
  return Promise.all(
    [...ids].map((decision_id) => body(api.GET('/v1/decisions/{decision_id}', { params: { path: { decision_id } } }))),
  );
}

interface Shown {
  readonly deployment: Deployment;
  readonly replicas: readonly Replica[];
  readonly decisions: readonly Decision[];
}

/** A deployment for a person: what is wanted, what is, and what stands between. */
export function shown({ deployment, replicas, decisions }: Shown, out: Output, now: Date): string[] {
  const spec = deployment.revision?.spec;
  const isScaling = ({ deployment_id }: Decision) => deployment_id !== '';
  const words = (some: readonly Decision[]) => some.flatMap(({ explanation }) => explanation.split('\n'));
  return [
    ...fields({
      name: deployment.name,
      id: deployment.deployment_id,
      phase: out.state(deployment.phase),
      model: spec?.model,
      digest: deployment.revision?.model_digest,
      revision: deployment.revision?.number,
      replicas: `${deployment.ready_replicas} ready of ${deployment.replicas}`,
      autoscaling: boundsOf(deployment),
      runtime: spec?.runtime === 'unspecified' ? '' : spec?.runtime,
      concurrency: spec?.concurrency,
      context: spec ? `${spec.context_tokens} tokens` : '',
      endpoint: deployment.endpoint_id,
    }),
    ...section(
      'Conditions',
      deployment.conditions.map((condition) => conditionLine(condition, out)),
    ),
    ...section('Replicas', replicaLines(replicas, now)),
    ...section('Why so many replicas', words(decisions.filter(isScaling))),
    ...section('Why replicas wait', words(decisions.filter((decision) => !isScaling(decision)))),
    ...replicas.filter(({ phase }) => phase === 'failed').flatMap(failure),
  ];
}

function boundsOf({ autoscaling }: Deployment): string {
  return autoscaling ? `${autoscaling.min_replicas} to ${autoscaling.max_replicas} replicas` : '';
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function conditionLine({ type, status, reason, message }: Deployment['conditions'][number], out: Output): string {
  const mark = status ? out.style('green', 'yes') : out.style('yellow', 'no');
  return [`${type}: ${mark}`, reason, message].filter(Boolean).join('  ');
}

function replicaLines(replicas: readonly Replica[], now: Date): string[] {
  if (replicas.length === 0) return [];
  return table(replicas, [
    { head: 'id', cell: ({ replica_id }) => replica_id },
    { head: 'phase', cell: ({ phase }) => phase },
    { head: 'for', cell: ({ phase_time }) => age(phase_time, now) },
    { head: 'node', cell: ({ node_id }) => node_id },
    { head: 'restarts', cell: ({ restart_count }) => restart_count, alignRight: true },
    { head: 'message', cell: ({ message }) => message },
  ]);
}

function failure({ replica_id, last_log_lines }: Replica): string[] {
  return section(`Last log lines of ${replica_id}`, last_log_lines);
}
