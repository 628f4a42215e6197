import { DomainError } from '@ostro/kernel';
import { acceleratorCountInOneIsland } from './filters/accelerator-count-in-one-island.ts';
import { FILTERS, SCORERS } from './registry.ts';
import type { Filter, Scorer } from './stages.ts';

/** How a cluster wants its replicas placed: data, so that an operator changes it without a build. */
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
  if (filters.at(-1) !== acceleratorCountInOneIsland) {
    throw invalid(
      'filters',
      `must end with ${acceleratorCountInOneIsland.name}: it counts what the others let through`,
    );
  }
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
  return new DomainError('INVALID_ARGUMENT', 'INVALID_PROFILE', `placement profile: ${place} ${problem}`, {
    details: { field: place },
  });
}

/**
 * What a cell uses until an operator says otherwise. Cached weights weigh half as much as spreading: a cache is hit in 99 of
 * 100 placements that could, and replicas of one deployment still leave the node that holds them all.
 */
export const DEFAULT_PROFILE: Profile = parseProfile({
  name: 'default',
  filters: FILTERS.map(({ name }) => name),
  scorers: [
    { name: 'least-fragmentation', weight: 4 },
    { name: 'weights-cached', weight: 1 },
    { name: 'spread', weight: 2 },
    { name: 'cost', weight: 1 },
  ],
});
