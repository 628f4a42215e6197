import fc from 'fast-check';
import { accelerators, aCluster, anAccelerator, aNode, aRequest, asking, GIB, placed } from '../../test/builders.ts';
import { apply } from '../cluster/apply.ts';
import type { NodeSnapshot } from '../cluster/node.ts';
import { place } from '../place.ts';
import { DEFAULT_PROFILE } from '../profile.ts';
import type { Demand } from './demand-mix.ts';
import { PRIOR_DEMAND } from './demand-mix.ts';
import { valuationOf } from './valuation.ts';

const share = (gib: number, arrivals: number, others: Partial<Demand> = {}): Demand => ({
  models: [],
  count: 1,
  memoryBytesEach: gib * GIB,
  exclusive: false,
  cpuMilli: 4000,
  arrivals,
  ...others,
});

/** Shares of 64 and of 40 of 80 GiB, and whole groups. */
const MIX: readonly Demand[] = [share(64, 10), share(40, 10), share(80, 5), share(80, 2, { count: 8 })];

describe('Valuation', () => {
  const free = (...gib: readonly number[]) =>
    gib.map((each, at) => anAccelerator({ acceleratorId: `GPU-${at}`, freeMemoryBytes: each * GIB }));
  const nodeWith = (...gib: readonly number[]): NodeSnapshot => aNode({ accelerators: free(...gib) });
  const lossOn = (node: NodeSnapshot, at: number, gib: number, mix = MIX): number =>
    valuationOf([node], mix).lossOf(node, [node.accelerators[at]!], asking({ memoryBytesEach: gib * GIB }));

  it('puts a share where nothing better fits', () => {
    const node = nodeWith(80, 40, 64);
    const losses = [0, 1, 2].map((at) => lossOn(node, at, 40));
    expect(Math.min(...losses)).toBe(losses[1]);
  });

  it('puts what fits nowhere else into a hole that is lost anyway', () => {
    expect(lossOn(nodeWith(80, 16), 1, 16)).toBeLessThan(lossOn(nodeWith(80, 16), 0, 16));
  });

  it('breaks a node that is broken already', () => {
    const [whole, broken] = [nodeWith(80, 80, 80, 80, 80, 80, 80, 80), nodeWith(80, 80, 80, 80, 80, 80, 80, 0)];
    expect(lossOn(broken, 0, 80)).toBeLessThan(lossOn(whole, 0, 80));
  });

  it('takes cores where they abound', () => {
    const cores = (milli: number): NodeSnapshot =>
      aNode({ accelerators: accelerators(2), cpuMilli: { capacity: 64_000, free: milli } });
    const lossOfCores = (node: NodeSnapshot): number =>
      valuationOf([node], MIX).lossOf(node, [], { ...asking({ count: 0, memoryBytesEach: 0 }), cpuMilli: 4000 });
    // The mix takes 2.6 cores with an accelerator: of 64 none is missed, of 4 each counts by the thousandth and more.
    expect(lossOfCores(cores(64_000))).toBe(0);
    expect(lossOfCores(cores(4000))).toBeGreaterThan(0.04 * 4000);
  });

  it('leaves a crowded model to those who need it', () => {
    const nodes = ['H100', 'L40S'].map((model) =>
      aNode({ nodeId: `nod_${model}`, accelerators: accelerators(4, { model }) }),
    );
    const valuation = valuationOf(nodes, [share(80, 5), share(80, 5, { models: ['L40S'] })]);
    const [roomy, crowded] = nodes.map((node) => valuation.lossOf(node, [node.accelerators[0]!], aRequest()));
    expect(roomy).toBeLessThan(crowded!);
  });

  it('counts a large accelerator for more than a small one', () => {
    const [large, small] = [80, 20].map((gib) =>
      aNode({ nodeId: `nod_${gib}`, accelerators: [anAccelerator({ memoryBytes: gib * GIB })] }),
    );
    const valuation = valuationOf([large!, small!], PRIOR_DEMAND);
    expect(valuation.worthOf(large!) / valuation.worthOf(small!)).toBeCloseTo(4, 9);
  });

  it('finds nothing worth anything on a node without accelerators', () => {
    const node = aNode({ accelerators: [] });
    const valuation = valuationOf([node], MIX);
    expect(valuation.worthOf(node)).toBe(0);
    expect(valuation.lossOf(node, [], asking({ count: 0, memoryBytesEach: 0 }))).toBe(0);
  });

  it('does not count what is broken', () => {
    const node = aNode({ accelerators: accelerators(2, { healthy: false }) });
    expect(valuationOf([node], MIX).worthOf(node)).toBe(0);
  });

  const anyNode = fc
    .record({
      free: fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 8 }),
      cores: fc.integer({ max: 64, min: 0 }),
    })
    .map(({ free: all, cores }) =>
      aNode({ accelerators: free(...all), cpuMilli: { capacity: 64_000, free: 1000 * cores } }),
    );
  const anyRequest = fc
    .record({
      count: fc.integer({ min: 0, max: 4 }),
      gib: fc.integer({ min: 1, max: 80 }),
      cpuMilli: fc.integer({ min: 0, max: 16_000 }),
      exclusive: fc.boolean(),
    })
    .map(({ count, gib, cpuMilli, exclusive }) => ({
      ...asking({ count, memoryBytesEach: count === 0 ? 0 : gib * GIB, exclusive }),
      cpuMilli,
    }));

  it('loses exactly what the node is worth less afterwards, and never gains', () => {
    fc.assert(
      fc.property(anyNode, anyRequest, (node, request) => {
        const cluster = aCluster(node);
        const decision = place(request, cluster, DEFAULT_PROFILE, 0);
        if (decision.kind === 'unschedulable') return;
        const after = apply(cluster, placed(decision)).node(node.nodeId)!;
        const chosen = node.accelerators.filter((each) => decision.acceleratorIds.includes(each.acceleratorId));
        const valuation = valuationOf([node], MIX);
        const loss = valuation.lossOf(node, chosen, request);
        expect(loss).toBe(valuation.worthOf(node) - valuation.worthOf(after));
        expect(loss).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
