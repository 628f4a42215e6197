import type { NodeSnapshot } from '../cluster/node.ts';
import type { RequestShape, Residency } from '../request.ts';
import { type Filter, NONE } from '../stages.ts';

/**
 * Where the customer allows the replica to run: country, operator and certifications of the node. Fails closed: what a
 * node does not say is not allowed wherever the policy restricts it. Mandatory, and a filter rather than a scorer, so
 * that no weight can buy it off.
 */
export const residencyAllowed: Filter = {
  name: 'residency-allowed',
  mandatory: true,
  fixed: true,
  keep: ({ residency }, node, accelerators) => (isWithin(residency, node) ? accelerators : NONE),
  refusal: (request, node) => {
    const found = violations(request, node);
    return { missing: found.length, text: () => `node ${node.nodeId} ${found.join(' and ')}` };
  },
};

function isWithin({ countries, operators, certifications }: Residency, node: NodeSnapshot): boolean {
  return (
    isAllowed(countries, node.country) &&
    isAllowed(operators, node.operator) &&
    certifications.every((certification) => node.certifications.includes(certification))
  );
}

/** The same rule in words, one by one. */
function violations({ residency }: RequestShape, node: NodeSnapshot): readonly string[] {
  const { countries, operators, certifications } = residency;
  const lacking = certifications.filter((certification) => !node.certifications.includes(certification));
  return [
    ...(isAllowed(countries, node.country)
      ? []
      : [`has country ${known(node.country)}, only ${countries.join(', ')} allowed`]),
    ...(isAllowed(operators, node.operator)
      ? []
      : [`has operator ${known(node.operator)}, only ${operators.join(', ')} allowed`]),
    ...(lacking.length === 0 ? [] : [`is not certified for ${lacking.join(', ')}`]),
  ];
}

function isAllowed(allowed: readonly string[], value: string): boolean {
  return allowed.length === 0 || (value !== '' && allowed.includes(value));
}

function known(value: string): string {
  return value === '' ? 'unknown' : value;
}
