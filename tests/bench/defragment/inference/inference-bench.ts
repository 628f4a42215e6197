import { DEFAULT_PROFILE, parseProfile, type Profile } from '@ostro/placement';
import { type InferenceFigures, inferenceRun } from './inference-run.ts';

export interface InferenceBenchFigures {
  /** Of the placements that could hit a cache, how many did. */
  readonly cacheHitShare: number;
  readonly couldHit: number;
  readonly placed: number;
  readonly allocationPercent: number;
  /** The same fleet and requests with weight 0 for cached weights. */
  readonly allocationWithoutCachePercent: number;
  readonly cacheHitShareWithoutCache: number;
  /** What is allocated less for the sake of caches; below 0 where more is. */
  readonly costPoints: number;
  readonly seeds: number;
}

/** Says on standard error what it is at: a seed takes some ten seconds. */
export function inferenceBench(seeds: readonly number[]): InferenceBenchFigures {
  const runs = seeds.map((seed) => {
    const figures = { cached: inferenceRun(DEFAULT_PROFILE, seed), blind: inferenceRun(withoutCache(), seed) };
    process.stderr.write(`inference seed ${seed} ${JSON.stringify(figures)}\n`);
    return figures;
  });
  const cached = runs.map((each) => each.cached);
  const blind = runs.map((each) => each.blind);
  const allocationPercent = meanOf(cached, (each) => each.allocationPercent);
  const allocationWithoutCachePercent = meanOf(blind, (each) => each.allocationPercent);
  return {
    cacheHitShare: hitShare(cached),
    couldHit: sumOf(cached, (each) => each.couldHit),
    placed: sumOf(cached, (each) => each.placed),
    allocationPercent,
    allocationWithoutCachePercent,
    cacheHitShareWithoutCache: hitShare(blind),
    costPoints: allocationWithoutCachePercent - allocationPercent,
    seeds: seeds.length,
  };
}

export function inferenceTable(figures: InferenceBenchFigures): string {
  const { cacheHitShare, cacheHitShareWithoutCache, costPoints, couldHit, placed, seeds } = figures;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return [
    `seeds ${seeds}: ${placed} placements, of which ${couldHit} could hit a cache`,
    `weights found where they lie: ${percent(cacheHitShare)} (with weight 0 for it: ${percent(cacheHitShareWithoutCache)})`,
    `allocated ${figures.allocationPercent.toFixed(2)} % (with weight 0: ${figures.allocationWithoutCachePercent.toFixed(2)} %), ` +
      `costs ${costPoints.toFixed(2)} points`,
  ].join('\n');
}

function withoutCache(): Profile {
  return parseProfile({
    name: `${DEFAULT_PROFILE.name} without cache`,
    filters: DEFAULT_PROFILE.filters.map(({ name }) => name),
    scorers: DEFAULT_PROFILE.scorers.map(({ scorer: { name }, weight }) => ({
      name,
      weight: name === 'weights-cached' ? 0 : weight,
    })),
  });
}

function hitShare(runs: readonly InferenceFigures[]): number {
  return sumOf(runs, ({ hit }) => hit) / sumOf(runs, ({ couldHit }) => couldHit);
}

function meanOf(runs: readonly InferenceFigures[], of: (run: InferenceFigures) => number): number {
  return sumOf(runs, of) / runs.length;
}

function sumOf(runs: readonly InferenceFigures[], of: (run: InferenceFigures) => number): number {
  return runs.reduce((sum, run) => sum + of(run), 0);
}
