import { type Filter, narrowed } from '../stages.ts';

/**
 * Keeps accelerators whose compute capability is at least the one the runtime's kernels need (FP8 needs 8.9). Compared
 * as two numbers, so 10.0 is more than 9.0. A device that reports none is refused: a kernel that is missing shows only
 * after minutes of loading.
 */
export const computeCapability: Filter = {
  name: 'compute-capability',
  mandatory: false,
  fixed: true,
  keep: ({ minComputeCapability }, _node, accelerators) => {
    if (minComputeCapability === undefined) return accelerators;
    const needed = asNumber(minComputeCapability);
    // Machines are mostly of one kind: what passed for the last one passes for this one.
    let last: string | undefined;
    return narrowed(accelerators, ({ computeCapability: has }) => {
      if (has === undefined || (has !== last && asNumber(has) < needed)) return false;
      last = has;
      return true;
    });
  },
  refusal: ({ minComputeCapability }, node, accelerators) => {
    const best = accelerators.reduce((a, b) => (asNumber(b.computeCapability) > asNumber(a.computeCapability) ? b : a));
    const has = best.computeCapability ?? 'none';
    return {
      missing: asNumber(minComputeCapability) - asNumber(best.computeCapability),
      text: () =>
        `node ${node.nodeId} has compute capability ${has} on its best ${best.model}, ${minComputeCapability} needed`,
    };
  },
};

const [DOT, ZERO] = ['.'.charCodeAt(0), '0'.charCodeAt(0)];

/** `major.minor` as one integer, without a string in between: it runs for every accelerator. -1 for a device without. */
function asNumber(capability: string | undefined): number {
  if (capability === undefined) return -1;
  let [major, minor] = [0, 0];
  for (let at = 0; at < capability.length; at += 1) {
    const code = capability.charCodeAt(at);
    if (code === DOT) [major, minor] = [minor, 0];
    else minor = minor * 10 + code - ZERO;
  }
  return major * 1000 + minor;
}
