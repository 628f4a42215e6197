import { type Filter, NONE } from '../stages.ts';

/** Only a ready node takes new work: cordoned and draining are an operator's word, dead is the heartbeat's. */
export const nodeReady: Filter = {
  name: 'node-ready',
  mandatory: true,
  fixed: true,
  keep: (_request, node, accelerators) => (node.state === 'ready' ? accelerators : NONE),
  refusal: (_request, node) => ({ missing: 1, text: () => `node ${node.nodeId} is ${node.state}` }),
};
