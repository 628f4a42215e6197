import type { NodeSnapshot } from './node.ts';

const known = new WeakMap<NodeSnapshot, string>();

/**
 * Equal only for nodes that differ at most in ids, site, labels and replicas: in nothing that a filter or scorer looks at,
 * beside the replicas of the request's own deployment. In a real cluster most nodes are like many others.
 */
export function likenessOf(node: NodeSnapshot): string {
  let likeness = known.get(node);
  if (likeness === undefined) known.set(node, (likeness = withoutIds(node)));
  return likeness;
}

/** Leaves out by name, so that a field that is new tells nodes apart until it is known to be harmless. */
function withoutIds(node: NodeSnapshot): string {
  const { nodeId: _nodeId, siteId: _siteId, labels: _labels, replicas: _replicas, accelerators, ...rest } = node;
  const devices = accelerators.map(({ acceleratorId: _acceleratorId, migSlices, ...device }) => [
    device,
    migSlices?.map(({ sliceId: _sliceId, ...slice }) => slice),
  ]);
  return JSON.stringify([rest, devices]);
}
