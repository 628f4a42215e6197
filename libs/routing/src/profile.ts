import { DomainError } from '@ostro/kernel';
import { FILTERS, SCORERS } from './registry.ts';
import type { Filter, Scorer } from './stages.ts';

/** How a cell wants its requests routed: data, so that an operator changes it without a build. */
export interface Profile {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly scorers: readonly WeightedScorer[];
  /** The same text for the same profile: what its digest is taken of. */
  readonly digestInput: string;
}

export interface WeightedScorer {
  readonly scorer: Scorer;
  readonly weight: number;
}

const MAX_WEIGHT = 1000;

/**
 * Reads a profile out of parsed YAML or JSON: `{name, filters: [names, in order], scorers: [{name, weight}]}`. No weight
 * is assumed, no name is guessed, and no filter that keeps a promise can be left out.
 * @throws DomainError INVALID_ARGUMENT (INVALID_PROFILE) naming the place and what is allowed there.
 */
export function parseProfile(input: unknown): Profile {
  const { name, filters, scorers, ...rest } = record(input, 'profile');
  noOtherKeys(rest, 'profile');
  if (typeof name !== 'string' || name.length === 0) throw invalid('name', 'must be a text that is not empty');
  const parsed = { name, filters: parseFilters(filters), scorers: parseScorers(scorers) };
  const digestInput = JSON.stringify({
    name,
    filters: parsed.filters.map((filter) => filter.name),
    scorers: parsed.scorers.map(({ scorer, weight }) => [scorer.name, weight]),
  });
  return { ...parsed, digestInput };
}

function parseFilters(input: unknown): readonly Filter[] {
  const filters = list(input, 'filters').map((name, at) => named(FILTERS, name, `filters[${at}]`));
  noneTwice(filters, 'filters');
  const missing = FILTERS.find((filter) => filter.mandatory && !filters.includes(filter));
  if (missing !== undefined) throw invalid('filters', `must contain ${missing.name}: it keeps a promise; add it`);
  return filters;
}

function parseScorers(input: unknown): readonly WeightedScorer[] {
  const scorers = list(input, 'scorers').map((each, at) => {
    const place = `scorers[${at}]`;
    const { name, weight, ...rest } = record(each, place);
    noOtherKeys(rest, place);
    return { scorer: named(SCORERS, name, `${place}.name`), weight: parseWeight(weight, `${place}.weight`) };
  });
  if (scorers.length === 0) throw invalid('scorers', 'must name at least one scorer');
  noneTwice(
    scorers.map(({ scorer }) => scorer),
    'scorers',
  );
  return scorers;
}

function parseWeight(weight: unknown, place: string): number {
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT) return weight;
  throw invalid(place, `must be a whole number from 0 to ${MAX_WEIGHT}, not ${String(weight)}`);
}

function named<T extends { readonly name: string }>(known: readonly T[], name: unknown, place: string): T {
  const found = known.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw invalid(place, `"${String(name)}" is unknown; known are ${known.map((each) => each.name).join(', ')}`);
}

function noneTwice(stages: readonly { readonly name: string }[], place: string): void {
  const twice = stages.find((stage, at) => stages.indexOf(stage) !== at);
  if (twice !== undefined) throw invalid(place, `names ${twice.name} twice; keep one`);
}

function noOtherKeys(rest: Record<string, unknown>, place: string): void {
  const [other] = Object.keys(rest);
  if (other !== undefined) throw invalid(place, `has the unknown key "${other}"; remove it`);
}

function record(input: unknown, place: string): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid(place, 'must be a mapping');
  return { ...input };
}

function list(input: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(input)) throw invalid(place, 'must be a list');
  return input;
}

function invalid(place: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_PROFILE', `routing profile: ${place} ${problem}`, {
    details: { field: place },
  });
}

const WEIGHTS = [
  { name: 'prefix-affinity', weight: 100 },
  { name: 'session-affinity', weight: 20 },
  { name: 'adapter-loaded', weight: 100 },
  { name: 'headroom', weight: 50 },
  { name: 'even-work', weight: 5 },
  { name: 'fewest-running', weight: 5 },
  { name: 'home-gateway', weight: 2 },
];

/** For a gateway that is alone, or hears within seconds what the others have sent where. */
export const DEFAULT_PROFILE: Profile = parseProfile({
  name: 'default',
  filters: FILTERS.map(({ name }) => name),
  scorers: WEIGHTS,
});

/** For gateways that hear nothing of each other: they agree on where conversations are at home, at some cost in balance. */
export const SEPARATE_GATEWAYS_PROFILE: Profile = parseProfile({
  name: 'separate-gateways',
  filters: FILTERS.map(({ name }) => name),
  scorers: [...WEIGHTS, { name: 'conversation-home', weight: 20 }],
});
