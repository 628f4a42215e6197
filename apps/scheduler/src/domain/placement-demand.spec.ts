import type { Id } from '@ostro/kernel';
import { ClusterSnapshot, DemandEstimator, type NodeSnapshot, valuationOf } from '@ostro/placement';
import { aNode } from '../../test/builders.ts';
import { snapshotOf } from './node.ts';
import { PlacementDemand } from './placement-demand.ts';
import { needOf } from './placement-request.ts';

const GIB = 2 ** 30;
const NEED = needOf({ accelerators: { models: ['H100-80GB'], count: 1, memoryBytesEach: 40 * GIB }, cpuMilli: 1000 });

describe('PlacementDemand', () => {
  it('expects what is assumed of any cluster until it has seen a request', () => {
    expect(new PlacementDemand().mix).toEqual(new DemandEstimator().mix());
  });

  it('expects another mix when enough was learned, and the very same until then', () => {
    const demand = new PlacementDemand();
    const mixes = new Set(Array.from({ length: 64 }, () => (demand.observe(NEED), demand.mix)));
    expect([...mixes].map(([most]) => most!.arrivals)).toEqual([1, 16, 64]);
  });

  it('counts on from what it is given back', () => {
    const demand = new PlacementDemand();
    demand.restore(Array.from({ length: 40 }, () => NEED));
    expect(demand.mix[0]).toMatchObject({ models: ['H100-80GB'], arrivals: 40 });
    for (let index = 0; index < 24; index += 1) demand.observe(NEED);
    expect(demand.mix[0]).toMatchObject({ arrivals: 64 });
  });

  it('values the cluster anew when the mix or the accelerators change, and not when they only fill', () => {
    const demand = new PlacementDemand();
    const first = demand.appraise(clusterOf(aSnapshot(1))).valuation;
    expect(demand.appraise(clusterOf(aSnapshot(1, 40 * GIB))).valuation).toBe(first);
    expect(demand.appraise(clusterOf(aSnapshot(1), aSnapshot(2))).valuation).not.toBe(first);
    const grown = demand.appraise(clusterOf(aSnapshot(1), aSnapshot(2))).valuation;
    demand.observe(NEED);
    expect(demand.appraise(clusterOf(aSnapshot(1), aSnapshot(2))).valuation).not.toBe(grown);
  });

  it('values by mix and snapshot alone, whatever the cluster was before: a replay gets the same', () => {
    const demand = new PlacementDemand();
    demand.observe(NEED);
    demand.appraise(clusterOf());
    const { valuation, nodes } = demand.appraise(clusterOf(aSnapshot(1, 40 * GIB), aSnapshot(2)));
    for (const node of nodes) expect(valuation.worthOf(node)).toBe(valuationOf(nodes, demand.mix).worthOf(node));
  });
});

function clusterOf(...nodes: readonly NodeSnapshot[]): ClusterSnapshot {
  return ClusterSnapshot.of({ generation: { epoch: 0n, generation: 0n }, nodes });
}

function aSnapshot(number: number, promisedBytes = 0): NodeSnapshot {
  const id = `nod_${String(number).padStart(32, '0')}` as Id<'nod'>;
  const { inventory } = aNode();
  const accelerators = inventory.accelerators.map((each) => ({
    ...each,
    offeredBytes: each.offeredBytes - promisedBytes,
  }));
  return snapshotOf(aNode({ id, inventory: { ...inventory, accelerators } }), []);
}
