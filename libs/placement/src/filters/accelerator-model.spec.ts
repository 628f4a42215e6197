import { anAccelerator, aNode, asking, H100 } from '../../test/builders.ts';
import { acceleratorModel } from './accelerator-model.ts';

describe('accelerator-model', () => {
  const node = aNode();
  const h100 = anAccelerator({ model: H100 });
  const slice = anAccelerator({ model: `${H100}:1g.10gb` });
  const l40s = anAccelerator({ model: 'L40S' });

  it.each([
    { models: [H100], kept: [h100] },
    { models: ['L40S', `${H100}:1g.10gb`], kept: [slice, l40s] },
    { models: [], kept: [h100, slice, l40s] },
    { models: ['h100'], kept: [] },
  ])('keeps the models $models', ({ models, kept }) => {
    expect(acceleratorModel.keep(asking({ models }), node, [h100, slice, l40s])).toEqual(kept);
  });

  it('says what the node has and what was asked for', () => {
    const request = asking({ models: [H100, 'H200-141GB'] });
    const { text } = acceleratorModel.refusal(request, node, [l40s, l40s]);
    expect(text()).toBe(`node ${node.nodeId} has L40S, H100-80GB or H200-141GB needed`);
  });

  it('refuses a node without accelerators even when any model will do', () => {
    const nothing: never[] = [];
    expect(acceleratorModel.keep(asking({ models: [] }), node, nothing)).not.toBe(nothing);
    expect(acceleratorModel.refusal(asking({ models: [] }), node, nothing).text()).toMatch(
      /has no accelerator, any accelerator needed$/,
    );
  });
});
