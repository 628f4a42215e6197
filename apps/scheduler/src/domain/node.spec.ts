import { seededIds } from '@ostro/kernel';
import { aNode, DEPLOYMENT, ORGANIZATION } from '../../test/builders.ts';
import { type Allocation, checkReported, snapshotOf, stateOf } from './node.ts';

const GIB = 2 ** 30;
const ids = seededIds(5);
const node = aNode();
const [gpu] = node.inventory.accelerators;

function anAllocation(overrides: Partial<Allocation> = {}): Allocation {
  return {
    replicaId: ids('rep'),
    deploymentId: DEPLOYMENT,
    organizationId: ORGANIZATION,
    nodeId: node.id,
    acceleratorIds: ['GPU-0'],
    memoryBytesEach: 30 * GIB,
    cpuMilli: 1_000,
    ...overrides,
  };
}

describe('a node, as placement sees it', () => {
  it('offers what the agent offers, less what the books have promised', () => {
    const offered = { ...gpu!, offeredBytes: 70 * GIB };
    const foreign = aNode({ inventory: { ...node.inventory, accelerators: [offered] } });
    const snapshot = snapshotOf(foreign, [anAllocation()]);
    expect(snapshot.accelerators[0]).toMatchObject({ freeMemoryBytes: 40 * GIB, organizationId: ORGANIZATION });
    expect(snapshot.cpuMilli).toEqual({ capacity: 8_000, free: 7_000 });
    expect(snapshot.replicas).toHaveLength(1);
  });

  it('never offers less than nothing when an accelerator shrinks under its promises', () => {
    const snapshot = snapshotOf(node, [anAllocation({ memoryBytesEach: 90 * GIB, cpuMilli: 9_000 })]);
    expect(snapshot.accelerators[0]!.freeMemoryBytes).toBe(0);
    expect(snapshot.cpuMilli.free).toBe(0);
  });

  it.each([
    [false, 'ready', 'ready'],
    [false, 'draining', 'draining'],
    [true, 'ready', 'dead'],
    [true, 'cordoned', 'dead'],
  ] as const)('dead %s and %s by the operator is %s', (isDead, operatorState, expected) => {
    expect(stateOf({ isDead, operatorState })).toBe(expected);
  });

  it('is refused when its inventory makes no sense', () => {
    const twice = aNode({ inventory: { ...node.inventory, accelerators: [gpu!, gpu!] } });
    expect(() => checkReported(twice)).toThrow(/lists GPU-0 twice/);
  });
});
