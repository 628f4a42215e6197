import type { NodeSnapshot, Taint } from '../cluster/node.ts';
import type { RequestShape } from '../request.ts';
import { type Filter, NONE } from '../stages.ts';

/** A taint reserves a node for those who name it (Kubernetes' NoSchedule); all of a node's taints must be tolerated. */
export const taintsTolerated: Filter = {
  name: 'taints-tolerated',
  mandatory: false,
  fixed: true,
  keep: (request, node, accelerators) => (repelling(request, node).length === 0 ? accelerators : NONE),
  refusal: (request, node) => {
    const taints = repelling(request, node);
    const named = (): string => taints.map(({ key, value }) => `${key}=${value}`).join(', ');
    return { missing: taints.length, text: () => `node ${node.nodeId} has ${named()}, which is not tolerated` };
  },
};

function repelling({ tolerations }: RequestShape, node: NodeSnapshot): readonly Taint[] {
  if (node.taints.length === 0) return node.taints;
  return node.taints.filter(
    (taint) =>
      !tolerations.some(({ key, value }) => key === taint.key && (value === undefined || value === taint.value)),
  );
}
