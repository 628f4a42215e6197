import { type Filter, NONE } from '../stages.ts';

/** The agent must be able to start the runtime: a node with room but without the engine would fail after the pull. */
export const runtimeAvailable: Filter = {
  name: 'runtime-available',
  mandatory: true,
  fixed: true,
  keep: ({ runtime }, { runtimes }, accelerators) =>
    runtime === undefined || runtimes === undefined || runtimes.includes(runtime) ? accelerators : NONE,
  refusal: ({ runtime }, { nodeId, runtimes = [] }) => ({
    missing: 1,
    text: () => `node ${nodeId} can start ${runtimes.join(', ') || 'no runtime'}, ${runtime} needed`,
  }),
};
