import { aReplica, aRequest } from '../../test/builders.ts';
import { residencyAllowed } from './residency-allowed.ts';

const nowhere = { countries: [], operators: [], certifications: [] };

describe('residency-allowed', () => {
  it.each([
    { residency: { ...nowhere, countries: ['FR', 'DE'] }, replica: {}, refusal: '' },
    { residency: { ...nowhere, countries: ['DE'] }, replica: {}, refusal: 'has country FR, only DE allowed' },
    {
      residency: { ...nowhere, countries: ['DE'] },
      replica: { country: '' },
      refusal: 'has country unknown, only DE allowed',
    },
    { residency: { ...nowhere, operators: ['acme'] }, replica: {}, refusal: '' },
    {
      residency: { ...nowhere, operators: ['other'] },
      replica: { operator: '' },
      refusal: 'has operator unknown, only other allowed',
    },
    { residency: { ...nowhere, certifications: ['secnumcloud'] }, replica: {}, refusal: '' },
    {
      residency: { countries: ['US'], operators: [], certifications: ['secnumcloud', 'hds'] },
      replica: {},
      refusal: 'has country FR, only US allowed and is not certified for hds',
    },
  ])('$residency, $replica: "$refusal"', ({ residency, replica, refusal }) => {
    const request = aRequest([], { residency });
    const passes = residencyAllowed.prepare(request)!;
    expect(passes(aReplica('a', replica))).toBe(refusal === '');
    expect(residencyAllowed.refusal(request, aReplica('a', replica))).toBe(refusal);
  });

  it('has nothing against anybody where nothing is asked', () => {
    expect(residencyAllowed.prepare(aRequest())).toBeUndefined();
  });
});
