import { type AcceleratorSnapshot, CPU_MODEL } from '../cluster/node.ts';
import type { RequestShape } from '../request.ts';
import { type Filter, narrowed } from '../stages.ts';

/**
 * A GPU keeps no secrets between processes, so its shares go to one organization only; MIG slices are isolated in
 * hardware and count as accelerators of their own. On a CPU the kernel isolates, and organizations may share.
 * An exclusive replica wants an accelerator that nobody holds.
 */
export const oneOrganizationPerAccelerator: Filter = {
  name: 'one-organization-per-accelerator',
  mandatory: true,
  keep: (request, _node, accelerators) => narrowed(accelerators, (accelerator) => isOpenTo(request, accelerator)),
  refusal: ({ accelerator: { exclusive } }, node, accelerators) => ({
    missing: 1,
    text: () =>
      exclusive
        ? `node ${node.nodeId} has no unshared accelerator, of ${accelerators.length}`
        : `node ${node.nodeId} has other organizations on all ${accelerators.length} accelerators`,
  }),
};

function isOpenTo(request: RequestShape, { organizationId, model }: AcceleratorSnapshot): boolean {
  if (organizationId === undefined) return true;
  if (request.accelerator.exclusive) return false;
  return organizationId === request.organizationId || model === CPU_MODEL;
}
