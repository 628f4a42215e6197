import {
  accelerators,
  aCluster,
  anAccelerator,
  aNode,
  aRequest,
  asking,
  GIB,
  nodeId,
  organizationId,
  replicaId,
} from '../../test/builders.ts';
import { withMember } from '../cluster/apply.ts';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import { DEFAULT_PROFILE } from '../profile.ts';
import type { PlacementRequest } from '../request.ts';
import type { DefragmentationBudget } from './budget.ts';
import { carryOut } from './move.ts';
import { plan } from './plan.ts';

const ENOUGH: DefragmentationBudget = { moves: 100, shareMilli: 1000, leastGainMilli: 50 };
/** Room for waiting requests only. */
const ROOM_ONLY: DefragmentationBudget = { ...ENOUGH, leastGainMilli: 1_000_000 };

/** A replica that takes so many GiB of one accelerator. */
const share = (id: number, gib: number, overrides: Partial<PlacementRequest> = {}): PlacementRequest => ({
  ...asking({ memoryBytesEach: gib * GIB }),
  replicaId: replicaId(id),
  ...overrides,
});

function at(cluster: ClusterSnapshot, request: PlacementRequest, node: number, ...ids: readonly string[]) {
  return withMember(cluster, request, { nodeId: nodeId(node), acceleratorIds: ids });
}

const twoOfOne = () =>
  aCluster(
    aNode({ nodeId: nodeId(1), accelerators: accelerators(1) }),
    aNode({ nodeId: nodeId(2), accelerators: accelerators(1) }),
  );

describe('plan', () => {
  it('moves the replica in the way of one that waits, and says for whom', () => {
    const started = at(at(twoOfOne(), share(1, 20), 1, 'GPU-0'), share(2, 30), 2, 'GPU-0');
    const { moves, admitted, explanation } = plan(started, [share(3, 80)], ROOM_ONLY, DEFAULT_PROFILE, 0);
    expect(moves).toHaveLength(1);
    expect(admitted).toEqual([
      { replicaId: replicaId(3), nodeId: moves[0]!.from.nodeId, acceleratorIds: ['GPU-0'], moves: 1 },
    ]);
    expect(explanation).toMatchObject({ movesAllowed: 2, reasons: [{ admits: replicaId(3) }] });
  });

  it('empties an island for a tensor-parallel group', () => {
    const nodes = [1, 2].map((id) => aNode({ nodeId: nodeId(id), accelerators: accelerators(4) }));
    let cluster = aCluster(...nodes);
    for (const [id, node, gpu] of [
      [1, 1, 'GPU-0'],
      [2, 1, 'GPU-3'],
      [3, 2, 'GPU-0'],
    ] as const)
      cluster = at(cluster, share(id, 40), node, gpu);
    const group = { ...asking({ count: 4, memoryBytesEach: 70 * GIB }), replicaId: replicaId(9) };
    const { moves, admitted } = plan(cluster, [group], ROOM_ONLY, DEFAULT_PROFILE, 0);
    expect(moves.map((move) => move.replicaId)).toEqual([replicaId(3)]);
    expect(admitted).toMatchObject([{ nodeId: nodeId(2), moves: 1 }]);
  });

  it('moves nothing for a request that already fits', () => {
    const { moves, admitted } = plan(twoOfOne(), [share(1, 80)], ROOM_ONLY, DEFAULT_PROFILE, 0);
    expect(moves).toEqual([]);
    expect(admitted).toMatchObject([{ replicaId: replicaId(1), moves: 0 }]);
  });

  it.each([
    ['the budget is spent', { ...ROOM_ONLY, moves: 0 }, {}],
    ['its share of the replicas is less than one', { ...ROOM_ONLY, shareMilli: 499 }, {}],
    ['who is in the way may not leave the country', ROOM_ONLY, { residency: onlyIn('FR') }],
    ['who is in the way would share with another organization', ROOM_ONLY, { organizationId: organizationId(2) }],
  ])('makes no room when %s', (_why, budget, overrides) => {
    const cluster = aCluster(
      aNode({ nodeId: nodeId(1), accelerators: accelerators(1) }),
      aNode({ nodeId: nodeId(2), country: 'DE', accelerators: accelerators(1) }),
    );
    const started = at(at(cluster, share(1, 20, overrides), 1, 'GPU-0'), share(2, 30), 2, 'GPU-0');
    const waiting = { ...share(3, 80), residency: onlyIn('FR') };
    expect(plan(started, [waiting], budget, DEFAULT_PROFILE, 0)).toMatchObject({ moves: [], admitted: [] });
  });

  it('joins two shares on one accelerator when nobody waits, and stops when nothing is gained', () => {
    const started = at(at(twoOfOne(), share(1, 40), 1, 'GPU-0'), share(2, 40), 2, 'GPU-0');
    const { moves, explanation } = plan(started, [], ENOUGH, DEFAULT_PROFILE, 0);
    expect(moves).toHaveLength(1);
    expect(explanation.reasons).toMatchObject([{ gainMilli: expect.any(Number) }]);
  });

  it('leaves alone what it does not know, gangs, and nodes that are not ready', () => {
    const known = at(at(twoOfOne(), share(1, 40), 1, 'GPU-0'), share(2, 40), 2, 'GPU-0');
    const stays = (change: (request: PlacementRequest) => PlacementRequest | undefined) =>
      known.nodes.reduce((cluster, node) => {
        const replicas = node.replicas.map(({ holding, ...rest }) => {
          const request = change(holding!.request!);
          const { request: _request, ...books } = holding!;
          return { ...rest, holding: request === undefined ? books : { ...books, request } };
        });
        return cluster.withNode({ ...node, replicas });
      }, known);
    const gangs = stays((request) => ({ ...request, gang: { members: 2, sameSite: true } }));
    const cordoned = known.nodes.reduce((cluster, node) => cluster.withNode({ ...node, state: 'cordoned' }), known);
    for (const cluster of [stays(() => undefined), gangs, cordoned]) {
      expect(plan(cluster, [share(3, 80)], ENOUGH, DEFAULT_PROFILE, 0).moves).toEqual([]);
    }
  });

  it('gives the only room to the biggest of those that wait', () => {
    const started = at(at(twoOfOne(), share(1, 20), 1, 'GPU-0'), share(2, 30), 2, 'GPU-0');
    const { admitted } = plan(started, [share(3, 75), share(4, 80)], ROOM_ONLY, DEFAULT_PROFILE, 0);
    expect(admitted.map((each) => each.replicaId)).toEqual([replicaId(4)]);
  });

  it('does not move what it has only just admitted', () => {
    const started = at(twoOfOne(), share(1, 40), 1, 'GPU-0');
    const { moves, admitted } = plan(started, [share(2, 40)], { ...ENOUGH, moves: 1 }, DEFAULT_PROFILE, 0);
    expect(admitted).toMatchObject([{ replicaId: replicaId(2) }]);
    expect(moves.map((move) => move.replicaId)).not.toContain(replicaId(2));
  });

  it('refuses to carry out a move on a cluster that has moved on', () => {
    const started = at(at(twoOfOne(), share(1, 40), 1, 'GPU-0'), share(2, 40), 2, 'GPU-0');
    const [move] = plan(started, [], ENOUGH, DEFAULT_PROFILE, 0).moves;
    expect(() => carryOut(carryOut(started, move!), move!)).toThrow('plan again on a newer snapshot');
  });

  it('answers an empty plan for an empty cluster', () => {
    expect(plan(aCluster(), [aRequest()], ENOUGH, DEFAULT_PROFILE, 0)).toMatchObject({ moves: [], admitted: [] });
  });

  it('refuses a seed that is none', () => {
    expect(() => plan(twoOfOne(), [], ENOUGH, DEFAULT_PROFILE, Number.NaN)).toThrow('seed must be a whole number');
  });

  it.each([
    ['moves', -1],
    ['moves', Number.NaN],
    ['shareMilli', 1001],
    ['leastGainMilli', 0.5],
  ])('refuses a budget whose %s is %d', (field, value) => {
    const budget = { ...ENOUGH, [field]: value };
    expect(() => plan(twoOfOne(), [], budget, DEFAULT_PROFILE, 0)).toThrow(`${field} must be a whole number`);
  });

  it('gives a hint of the accelerator that is not there', () => {
    const lone = aCluster(aNode({ accelerators: [anAccelerator({ healthy: false })] }));
    expect(plan(lone, [share(1, 10)], ENOUGH, DEFAULT_PROFILE, 0)).toMatchObject({ moves: [], admitted: [] });
  });
});

function onlyIn(country: string): PlacementRequest['residency'] {
  return { countries: [country], operators: [], certifications: [] };
}
