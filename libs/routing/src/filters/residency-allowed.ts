import type { Replica } from '../replica.ts';
import type { Residency } from '../request.ts';
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
    return (replica) => residencyAllows(request.residency, replica);
  },
  refusal: ({ residency }, replica) => violations(residency, replica).join(' and '),
};

/** What a replica says of where it stands; empty: it does not say. */
type Place = Pick<Replica, 'country' | 'operator' | 'certifications'>;

/** Whether this filter lets a replica pass: for who has to say why none is left. */
export function residencyAllows(residency: Residency, place: Place): boolean {
  return violations(residency, place).length === 0;
}

function violations({ countries, operators, certifications }: Residency, place: Place): readonly string[] {
  const found: string[] = [];
  if (!isAllowed(countries, place.country)) {
    found.push(`has country ${known(place.country)}, only ${countries.join(', ')} allowed`);
  }
  if (!isAllowed(operators, place.operator)) {
    found.push(`has operator ${known(place.operator)}, only ${operators.join(', ')} allowed`);
  }
  const lacking = certifications.filter((certification) => !place.certifications.includes(certification));
  if (lacking.length > 0) found.push(`is not certified for ${lacking.join(', ')}`);
  return found;
}

function isAllowed(allowed: readonly string[], value: string): boolean {
  return allowed.length === 0 || (value !== '' && allowed.includes(value));
}

function known(value: string): string {
  return value === '' ? 'unknown' : value;
}
