import fc from 'fast-check';
import { nodes, requests, seed } from '../../test/arbitraries.ts';
import { accelerators, aCluster, aNode, aRequest, nodeId, placed, replicaId } from '../../test/builders.ts';
import { place } from '../place.ts';
import { DEFAULT_PROFILE } from '../profile.ts';
import { apply } from './apply.ts';
import { release } from './release.ts';

describe('release', () => {
  it('is the inverse of apply', () => {
    fc.assert(
      fc.property(nodes, requests, seed, (all, asked, seeded) => {
        let before = aCluster(...all);
        for (const each of asked) {
          const decision = place(each, before, DEFAULT_PROFILE, seeded);
          if (decision.kind === 'unschedulable') continue;
          const after = apply(before, decision);
          const held = before.node(decision.nodeId)!.accelerators.some(({ organizationId }) => organizationId);
          // A holder that the books do not know as a replica leaves with the last replica they do know.
          if (!held) expect(release(after, decision.nodeId, each.replicaId).nodes).toEqual(before.nodes);
          before = after;
        }
      }),
    );
  });

  it('leaves an accelerator to the replicas that still share it', () => {
    const start = aCluster(aNode({ accelerators: accelerators(1) }));
    const [first, second] = [1, 2].map((at) => aRequest({ replicaId: replicaId(at) }));
    const one = apply(start, placed(place(first!, start, DEFAULT_PROFILE, 0)));
    const two = apply(one, placed(place(second!, one, DEFAULT_PROFILE, 0)));
    expect(release(two, nodeId(1), 'rep_1').nodes[0]!.accelerators).toEqual(one.nodes[0]!.accelerators);
    expect(release(one, nodeId(1), 'rep_1').nodes).toEqual(start.nodes);
  });

  it('leaves an accelerator to its organization beside a replica whose holding nobody knows', () => {
    const stranger = { replicaId: replicaId(8), deploymentId: aRequest().deploymentId };
    const start = aCluster(aNode({ accelerators: accelerators(1), replicas: [stranger] }));
    const one = apply(start, placed(place(aRequest(), start, DEFAULT_PROFILE, 0)));
    const [left] = release(one, nodeId(1), 'rep_1').nodes[0]!.accelerators;
    expect(left!.organizationId).toBe(aRequest().organizationId);
  });

  it.each([
    ['a replica that is not there', 'rep_9', /it is not there/],
    ['a replica whose holding nobody knows', 'rep_8', /the books do not say what it holds/],
  ])('refuses %s', (_name, replica, message) => {
    const stranger = { replicaId: replicaId(8), deploymentId: aRequest().deploymentId };
    expect(() => release(aCluster(aNode({ replicas: [stranger] })), nodeId(1), replica)).toThrow(message);
    expect(() => release(aCluster(), nodeId(1), replica)).toThrow(/the node is gone/);
  });
});
