import type { SimulatedReplica } from './replica.ts';
import { LastUsedRouter } from './router.ts';

const REQUEST = { arrivalMs: 0, deployment: 'images', inputTokens: 0, outputTokens: 0 };

it.each([
  ['the most recently used', [replica(10), replica(30), replica(20)], 1],
  ['the next when that is full', [replica(10), replica(30, 2), replica(20, 1)], 2],
  ['none when all are full', [replica(10, 2), replica(30, 2)], undefined],
])('work without a prompt goes to %s', (_, replicas, expected) => {
  const chosen = new LastUsedRouter(2).choose(REQUEST, replicas);
  expect(chosen).toBe(expected === undefined ? undefined : replicas[expected]);
});

function replica(usedMs: number, inFlight = 0): SimulatedReplica {
  return { usedMs, inFlight } as SimulatedReplica;
}
