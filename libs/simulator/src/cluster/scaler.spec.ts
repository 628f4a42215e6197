import { parsePolicy } from '@ostro/autoscaling';
import { aDeployment } from '../../test/builders.ts';
import { engineFactory } from '../engine/create-engine.ts';
import { CellLearning } from './cell-learning.ts';
import { Deployment } from './deployment.ts';
import type { ReplicaPhase, SimulatedReplica } from './replica.ts';
import { LastUsedRouter } from './router.ts';
import { scale } from './scaler.ts';

const AT_ONCE = { idle: { idleMs: 0 }, scaleDown: { stabilisationMs: 0 } };

describe('what leaves when there are too many', () => {
  it.each<[string, readonly [ReplicaPhase, number, number][], { stop: string[]; drain: string[] }]>([
    [
      'the idle ones',
      [
        ['ready', 0, 10],
        ['ready', 0, 30],
      ],
      { stop: ['rep_0', 'rep_1'], drain: [] },
    ],
    [
      'the least recently used of the idle',
      [
        ['ready', 1, 5],
        ['ready', 0, 30],
        ['ready', 0, 10],
      ],
      { stop: ['rep_2', 'rep_1'], drain: [] },
    ],
    [
      'a loading one before a busy one',
      [
        ['ready', 1, 5],
        ['loading', 0, 0],
      ],
      { stop: ['rep_1'], drain: [] },
    ],
    [
      'the least busy, which drains',
      [
        ['ready', 3, 5],
        ['ready', 1, 9],
      ],
      { stop: [], drain: ['rep_1'] },
    ],
  ])('is %s', (_, replicas, expected) => {
    const deployment = deploymentWith(replicas);
    const { stop, drain } = settled(deployment);
    expect(stop.map(({ replica }) => replica.id)).toEqual(expected.stop);
    expect(drain.map(({ id }) => id)).toEqual(expected.drain);
  });
});

it('starts what is missing', () => {
  const deployment = deploymentWith([]);
  deployment.held.push({ arrivalMs: 0, deployment: 'images', inputTokens: 0, outputTokens: 0, serviceMs: 1 });
  expect(scale(deployment, new CellLearning(undefined), 2000, 0).start).toBe(1);
});

/** The policy looks at how long a replica was not needed, so it is asked until it is sure. */
function settled(deployment: Deployment) {
  const learning = new CellLearning(undefined);
  let outcome = scale(deployment, learning, 100_000, 0);
  for (let at = 1; at <= 10 && outcome.stop.length + outcome.drain.length === 0; at++) {
    outcome = scale(deployment, learning, 100_000 + at * 60_000, 0);
  }
  return outcome;
}

function deploymentWith(replicas: readonly (readonly [ReplicaPhase, number, number])[]): Deployment {
  const spec = aDeployment({ engine: { kind: 'fixed-time', concurrency: 4 } });
  const parts = { factory: engineFactory(spec.engine, 512), router: new LastUsedRouter(4) };
  const policy = parsePolicy({ maxReplicas: 8, targetConcurrency: 4, ...AT_ONCE });
  const deployment = new Deployment(0, spec, policy, parts);
  deployment.replicas = replicas.map(([phase, inFlight, usedMs], at): SimulatedReplica => ({
    id: `rep_${at}`,
    deployment,
    nodeId: 'nod_1',
    engine: parts.factory.create(),
    placedMs: 0,
    accelerators: 1,
    milliEuroPerHour: 0,
    phase,
    inFlight,
    usedMs,
    dueMs: Infinity,
  }));
  return deployment;
}
