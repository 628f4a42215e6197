import fc from 'fast-check';
import { nodes, profile, request, seed } from '../test/arbitraries.ts';
import { accelerators, aCluster, aNode, aRequest, asking, GIB, nodeId, placed, refused } from '../test/builders.ts';
import { apply } from './cluster/apply.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { NodeSnapshot } from './cluster/node.ts';
import { release } from './cluster/release.ts';
import { explain } from './explain.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE } from './profile.ts';
import type { PlacementRequest } from './request.ts';

/** Two whole nodes' worth of GPUs for each of its members. */
const gangOf = (members: number, sameSite = false): PlacementRequest => ({
  ...asking({ count: 8, memoryBytesEach: 60 * GIB, exclusive: true }),
  gang: { members, sameSite },
});
const at = (id: number, siteId: string, overrides: Partial<NodeSnapshot> = {}): NodeSnapshot =>
  aNode({ nodeId: nodeId(id), siteId, ...overrides });
const decide = (asked: PlacementRequest, cluster: ClusterSnapshot) => place(asked, cluster, DEFAULT_PROFILE, 0);

describe('a gang', () => {
  it('takes a whole island for each member, and apply takes them all', () => {
    const cluster = aCluster(at(1, 'a'), at(2, 'a'), at(3, 'b'));
    const placement = placed(decide(gangOf(2), cluster));
    expect(placement.members!.map((member) => member.nodeId)).toEqual([nodeId(1), nodeId(2)]);
    expect(placement).toMatchObject({ nodeId: nodeId(1), acceleratorIds: placement.members![0]!.acceleratorIds });
    const after = apply(cluster, placement);
    expect(refused(decide({ ...gangOf(2), replicaId: 'rep_2' }, after)).wouldFit).toMatch(
      /^1 of 2 members fit, one more needs 8 x any accelerator with 60.0 GiB free and unshared in one island/,
    );
    expect(explain(placement)).toContain('The other members of its gang go to node nod_0002 on GPU-0, GPU-1');
  });

  it('may have several members on one node, which are released together', () => {
    const cluster = aCluster(aNode());
    const placement = placed(
      decide({ ...asking({ count: 4, exclusive: true }), gang: { members: 2, sameSite: true } }, cluster),
    );
    const after = apply(cluster, placement);
    expect(after.nodes[0]!.replicas).toHaveLength(2);
    expect(release(after, nodeId(1), 'rep_1').nodes).toEqual(cluster.nodes);
  });

  it('stays in one site where it must, even if its best place alone were elsewhere', () => {
    const cheap = at(1, 'a', { pricePerHourMilliEuro: 1 });
    const cluster = aCluster(cheap, ...[2, 3].map((id) => at(id, 'b', { pricePerHourMilliEuro: 9_000 })));
    const nodesOf = (sameSite: boolean) =>
      placed(decide(gangOf(2, sameSite), cluster)).members!.map((each) => each.nodeId);
    expect(nodesOf(false)).toContain(nodeId(1));
    expect(nodesOf(true)).toEqual([nodeId(2), nodeId(3)]);
    const refusal = refused(decide(gangOf(3, true), cluster));
    expect(refusal.wouldFit).toMatch(/^2 of 3 members fit in one site, one more needs/);
    expect(explain(refusal)).toContain('The gang of replica rep_1 does not fit whole on 3 nodes.');
  });

  it.each([0, -1, 1.5, Number.NaN, 1025])('refuses %d members', (members) => {
    expect(() => decide({ ...aRequest(), gang: { members, sameSite: false } }, aCluster())).toThrow(
      /gang.members must be/,
    );
  });

  it('is placed whole or not at all, on what is free, for any cluster and profile', () => {
    const members = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(
        nodes,
        request,
        members,
        fc.boolean(),
        profile,
        seed,
        (all, asked, wanted, sameSite, using, seeded) => {
          const cluster = aCluster(...all);
          const decision = place({ ...asked, gang: { members: wanted, sameSite } }, cluster, using, seeded);
          if (decision.kind === 'unschedulable') return;
          expect(decision.members).toHaveLength(wanted);
          // Throws where two members took the same.
          const after = apply(cluster, decision);
          const sites = decision.members!.map((member) => after.node(member.nodeId)!.siteId);
          if (sameSite) expect(new Set(sites).size).toBe(1);
        },
      ),
    );
  });

  it('finds a place whenever counting says that there is one', () => {
    const island = fc.integer({ min: 0, max: 8 });
    const sites = fc.array(fc.tuple(island, fc.constantFrom('a', 'b')), { maxLength: 6 });
    fc.assert(
      fc.property(
        sites,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (all, count, wanted, sameSite) => {
          const cluster = aCluster(
            ...all.map(([size, site], id) => at(id, site, { accelerators: accelerators(size) })),
          );
          const asked = { ...asking({ count, exclusive: true }), gang: { members: wanted, sameSite } };
          const room = (site?: string) =>
            all.reduce(
              (sum, [size, at]) => sum + (site === undefined || site === at ? Math.floor(size / count) : 0),
              0,
            );
          const fits = sameSite ? Math.max(room('a'), room('b')) >= wanted : room() >= wanted;
          expect(decide(asked, cluster).kind).toBe(fits ? 'placement' : 'unschedulable');
        },
      ),
    );
  });
});
