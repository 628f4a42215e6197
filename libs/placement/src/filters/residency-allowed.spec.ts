import { aNode, aRequest } from '../../test/builders.ts';
import type { NodeSnapshot } from '../cluster/node.ts';
import type { Residency } from '../request.ts';
import { residencyAllowed } from './residency-allowed.ts';

describe('residency-allowed', () => {
  const refusalOf = (residency: Partial<Residency>, overrides: Partial<NodeSnapshot> = {}): string | undefined => {
    const request = aRequest({ residency: { countries: [], operators: [], certifications: [], ...residency } });
    const node = aNode(overrides);
    const isKept = residencyAllowed.keep(request, node, node.accelerators) === node.accelerators;
    return isKept ? undefined : residencyAllowed.refusal(request, node, node.accelerators).text();
  };

  it('restricts nothing by an empty policy, not even a node that says nothing', () => {
    expect(refusalOf({}, { country: '', operator: '', certifications: [] })).toBeUndefined();
  });

  it.each<[Partial<Residency>, Partial<NodeSnapshot>]>([
    [{ countries: ['DE', 'FR'] }, { country: 'FR' }],
    [{ operators: ['Ostro SAS'] }, { operator: 'Ostro SAS' }],
    [{ certifications: ['HDS', 'ISO-27001'] }, { certifications: ['ISO-27001', 'HDS', 'C5'] }],
  ])('lets %j through on %j', (residency, node) => {
    expect(refusalOf(residency, node)).toBeUndefined();
  });

  it.each<[Partial<Residency>, Partial<NodeSnapshot>, RegExp]>([
    [{ countries: ['DE', 'FR'] }, { country: 'US' }, /has country US, only DE, FR allowed/],
    [{ countries: ['DE'] }, { country: '' }, /has country unknown, only DE allowed/],
    [{ countries: ['FR'] }, { country: 'fr' }, /has country fr/],
    [{ operators: ['Ostro SAS'] }, { operator: '' }, /has operator unknown, only Ostro SAS allowed/],
    [{ operators: ['Ostro SAS'] }, { operator: 'Other Inc' }, /has operator Other Inc/],
    [{ certifications: ['HDS', 'SecNumCloud'] }, {}, /is not certified for SecNumCloud/],
    [{ countries: ['DE'], certifications: ['C5'] }, {}, /has country FR.* and is not certified for C5/],
  ])('refuses %j on %j', (residency, node, text) => {
    expect(refusalOf(residency, node)).toMatch(text);
  });

  it('fails closed even where the policy itself holds an empty name', () => {
    expect(refusalOf({ operators: [''] }, { operator: '' })).toMatch(/has operator unknown/);
  });
});
