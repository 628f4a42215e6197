import type { Replica } from '../replica.ts';
import type { RoutingRequest } from '../request.ts';
import type { Filter } from '../stages.ts';

/**
 * Where the customer allows the request to be served: country, operator and certifications of the replica's node.
 * Fails closed: what a replica does not say is not allowed wherever the policy restricts it. Mandatory, and a filter
 * rather than a scorer, so that no weight can buy it off.
 */
export const residencyAllowed: Filter = {
  name: 'residency-allowed',
  mandatory: true,
  prepare: (request) => {
    const { countries, operators, certifications } = request.residency;
    if (countries.length + operators.length + certifications.length === 0) return undefined;
    return (replica) => violations(request, replica).length === 0;
  },
  refusal: (request, replica) => violations(request, replica).join(' and '),
};

function violations({ residency }: RoutingRequest, replica: Replica): readonly string[] {
  const found: string[] = [];
  const { countries, operators, certifications } = residency;
  if (!isAllowed(countries, replica.country)) {
    found.push(`has country ${known(replica.country)}, only ${countries.join(', ')} allowed`);
  }
  if (!isAllowed(operators, replica.operator)) {
    found.push(`has operator ${known(replica.operator)}, only ${operators.join(', ')} allowed`);
  }
  const lacking = certifications.filter((certification) => !replica.certifications.includes(certification));
  if (lacking.length > 0) found.push(`is not certified for ${lacking.join(', ')}`);
  return found;
}

function isAllowed(allowed: readonly string[], value: string): boolean {
  return allowed.length === 0 || (value !== '' && allowed.includes(value));
}

function known(value: string): string {
  return value === '' ? 'unknown' : value;
}
