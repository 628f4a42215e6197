import { anAccelerator, aNode, aRequest } from '../../test/builders.ts';
import { healthy } from './healthy.ts';

describe('healthy', () => {
  const sick = anAccelerator({ acceleratorId: 'GPU-0', healthy: false });
  const well = anAccelerator({ acceleratorId: 'GPU-1' });

  it('keeps the healthy accelerators of a node that has sick ones', () => {
    expect(healthy.keep(aRequest(), aNode(), [sick, well])).toEqual([well]);
  });

  it('refuses a node that has only sick ones', () => {
    expect(healthy.keep(aRequest(), aNode(), [sick])).toEqual([]);
    expect(healthy.refusal(aRequest(), aNode(), [sick]).text()).toMatch(/no healthy accelerator, of 1$/);
  });
});
