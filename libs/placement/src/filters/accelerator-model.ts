import { type Filter, narrowed, NONE } from '../stages.ts';

/**
 * Keeps the models that were asked for; an empty list asks for none in particular. A MIG slice has a model of its own.
 * A node without accelerators is refused here and nowhere else, and only to a request that wants one.
 */
export const acceleratorModel: Filter = {
  name: 'accelerator-model',
  mandatory: true,
  fixed: true,
  keep: ({ accelerator: { models, count } }, _node, accelerators) => {
    if (accelerators.length === 0) return count === 0 ? accelerators : NONE;
    return models.length === 0 ? accelerators : narrowed(accelerators, ({ model }) => models.includes(model));
  },
  refusal: ({ accelerator: { models } }, node, accelerators) => ({
    missing: 1,
    text: () => {
      const has = [...new Set(accelerators.map(({ model }) => model))].join(', ') || 'no accelerator';
      return `node ${node.nodeId} has ${has}, ${models.join(' or ') || 'any accelerator'} needed`;
    },
  }),
};
