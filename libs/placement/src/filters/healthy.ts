import { type Filter, narrowed } from '../stages.ts';

/** Keeps accelerators that the agent has not quarantined (Xid errors, lost GPU); the others of the node still serve. */
export const healthy: Filter = {
  name: 'healthy',
  mandatory: true,
  fixed: true,
  keep: (_request, _node, accelerators) => narrowed(accelerators, (accelerator) => accelerator.healthy),
  refusal: (_request, node, accelerators) => ({
    missing: 1,
    text: () => `node ${node.nodeId} has no healthy accelerator, of ${accelerators.length}`,
  }),
};
