import { aCpu, anAccelerator, aNode, asking, organizationId } from '../../test/builders.ts';
import { oneOrganizationPerAccelerator } from './one-organization-per-accelerator.ts';

describe('one-organization-per-accelerator', () => {
  const ours = organizationId(1);
  const theirs = organizationId(2);

  it.each([
    { name: 'nobody, shared', accelerator: anAccelerator(), exclusive: false, fits: true },
    { name: 'nobody, exclusive', accelerator: anAccelerator(), exclusive: true, fits: true },
    { name: 'ours, shared', accelerator: anAccelerator({ organizationId: ours }), exclusive: false, fits: true },
    { name: 'ours, exclusive', accelerator: anAccelerator({ organizationId: ours }), exclusive: true, fits: false },
    { name: 'theirs, shared', accelerator: anAccelerator({ organizationId: theirs }), exclusive: false, fits: false },
    { name: 'theirs, exclusive', accelerator: anAccelerator({ organizationId: theirs }), exclusive: true, fits: false },
    { name: 'theirs, on a CPU', accelerator: aCpu({ organizationId: theirs }), exclusive: false, fits: true },
    { name: 'theirs, exclusive on a CPU', accelerator: aCpu({ organizationId: theirs }), exclusive: true, fits: false },
  ])('held by $name: $fits', ({ accelerator, exclusive, fits }) => {
    const kept = oneOrganizationPerAccelerator.keep(asking({ exclusive }), aNode(), [accelerator]);
    expect(kept).toEqual(fits ? [accelerator] : []);
  });

  it('never names another organization', () => {
    const held = [anAccelerator({ organizationId: theirs })];
    const texts = [true, false].map((exclusive) =>
      oneOrganizationPerAccelerator.refusal(asking({ exclusive }), aNode(), held).text(),
    );
    expect(texts[0]).toMatch(/has no unshared accelerator, of 1$/);
    expect(texts[1]).toMatch(/has other organizations on all 1 accelerators$/);
    expect(texts.join()).not.toContain(theirs);
  });
});
