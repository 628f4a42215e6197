import type { Filter } from '../stages.ts';

/** Replicas that this request was not sent to before: a retry goes elsewhere. */
export const untried: Filter = {
  name: 'untried',
  mandatory: true,
  prepare: ({ tried }) => {
    if (tried === undefined || tried.size === 0) return undefined;
    return ({ replicaId }) => !tried.has(replicaId);
  },
  refusal: () => 'was tried before',
};
