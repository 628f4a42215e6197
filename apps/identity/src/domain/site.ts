import { DomainError } from '@ostro/kernel';

/** Where nodes of one operator stand. It decides residency, so a join token binds it and no node can change it. */
export interface Site {
  readonly id: string;
  /** ISO 3166-1 alpha-2; empty: unknown, which every residency policy refuses. */
  readonly country: string;
  readonly operator: string;
  readonly certifications: readonly string[];
}

const RULES: readonly { field: string; holds: (site: Site) => boolean; expected: string }[] = [
  {
    field: 'site.site_id',
    holds: ({ id }) => /^[a-z0-9-]{1,40}$/.test(id),
    expected: '1 to 40 characters of a-z, 0-9 and "-"',
  },
  {
    field: 'site.country',
    holds: ({ country }) => /^([A-Z]{2})?$/.test(country),
    expected: 'an ISO 3166-1 alpha-2 code in capitals, or empty when unknown',
  },
  { field: 'site.operator', holds: ({ operator }) => operator.length <= 200, expected: 'at most 200 characters' },
  {
    field: 'site.certifications',
    holds: ({ certifications }) =>
      certifications.length <= 50 && certifications.every((name) => /^[a-z0-9][a-z0-9._-]{0,39}$/.test(name)),
    expected: 'at most 50 names of a-z, 0-9, ".", "_" and "-"',
  },
];

/** @throws DomainError INVALID_ARGUMENT (INVALID_SITE) naming the field. */
export function checkedSite(site: Site): Site {
  const broken = RULES.find(({ holds }) => !holds(site));
  if (!broken) return site;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_SITE', `${broken.field} must be ${broken.expected}`, {
    details: { field: broken.field },
  });
}
