/**
 * How much of the prompts' prefixes is found in the replicas' caches, and how evenly the rest is spread, on a trace of
 * chat requests: our routing beside the usual rivals, one pooled cache, the offline optimum and an endless cache.
 * `npm run bench:routing [-- --trace FILE --replicas 4,8,16 --cache-tokens 1000000,3000000 --routers 1,4 --hot 0.31
 * --hears nothing --minutes 20..40 --speed --json]`
 */
import { parseArgs } from 'node:util';
import { dataFile } from './bench-data.ts';
import { beladyHitRatio } from './routing/belady.ts';
import { hash2, type Hears, leastLoad, longestPrefix, ostro, roundRobin } from './routing/policies.ts';
import { replay, type Replayed, type ReplayOptions } from './routing/replay.ts';
import { scaleOut } from './routing/scale-out.ts';
import { measureSpeed } from './routing/speed.ts';
import { type Arrival, BLOCK_TOKENS, readTrace, withHotPrefix } from './routing/trace.ts';
import { mean } from './statistics.ts';

type Figures = Pick<Replayed, 'hitRatio' | 'imbalance' | 'minuteImbalance' | 'worstMinuteImbalance' | 'refused'>;

interface Run {
  readonly replicas: number;
  readonly cacheTokens: number;
  /** Gateways that share nothing but what they hear of the replicas every five seconds. */
  readonly routers: number;
  /** Share of the requests that a hot prefix was put before. */
  readonly hot: number;
  readonly policies: Readonly<Record<string, Figures>>;
}

const { values: options } = parseArgs({
  options: {
    trace: { type: 'string', default: 'mooncake/conversation_first40min.jsonl' },
    replicas: { type: 'string', default: '4,8,16' },
    'cache-tokens': { type: 'string', default: '1000000,3000000' },
    routers: { type: 'string', default: '1' },
    hot: { type: 'string', default: '0' },
    'hot-blocks': { type: 'string', default: '8' },
    hears: { type: 'string', default: 'replicas' },
    minutes: { type: 'string' },
    speed: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

if (!['replicas', 'nothing'].includes(options.hears)) {
  throw new Error(`--hears: "${options.hears}" must be replicas or nothing`);
}
const arrivals = cut(readTrace(dataFile(options.trace)), options.minutes);
const runs: Run[] = [];
for (const hot of numbers('hot', { max: 1 })) {
  const [hotBlocks] = numbers('hot-blocks', { min: 1, whole: true });
  const trace = withHotPrefix(arrivals, hot, hotBlocks!);
  for (const replicas of numbers('replicas', { min: 1, max: 1000, whole: true })) {
    for (const cacheTokens of numbers('cache-tokens', { min: BLOCK_TOKENS, whole: true })) {
      for (const routers of numbers('routers', { min: 1, max: 64, whole: true })) {
        runs.push(measure(trace, hot, { replicas, cacheTokens, gateways: routers }));
        if (!options.json) print(runs.at(-1)!);
      }
    }
  }
}
const result = {
  runs,
  scaleOut: scaleOut(arrivals, { replicas: 8, cacheTokens: 3_000_000, gateways: 1 }),
  ...(options.speed ? { speed: measureSpeed() } : {}),
};
console.log(options.json ? JSON.stringify(result) : summary());

function measure(trace: readonly Arrival[], hot: number, cluster: Omit<ReplayOptions, 'policy'>): Run {
  const { replicas, cacheTokens, gateways } = cluster;
  const pool = { ...cluster, replicas: 1, cacheTokens: replicas * cacheTokens, gateways: 1 };
  const first = () => ({ pick: () => 0 });
  const policies = {
    ostro: figures(replay(trace, { ...cluster, policy: ostro(cluster, options.hears as Hears) })),
    roundRobin: figures(replay(trace, { ...cluster, policy: roundRobin })),
    leastLoad: figures(replay(trace, { ...cluster, policy: leastLoad })),
    hash2: figures(replay(trace, { ...cluster, policy: hash2 })),
    longestPrefix: figures(replay(trace, { ...cluster, policy: longestPrefix })),
    pooledLru: oneCache(replay(trace, { ...pool, policy: first }).hitRatio),
    belady: oneCache(beladyHitRatio(trace, Math.floor(pool.cacheTokens / BLOCK_TOKENS))),
    infinite: oneCache(replay(trace, { ...pool, cacheTokens: 2 ** 50, policy: first }).hitRatio),
  };
  return { replicas, cacheTokens, routers: gateways, hot, policies };
}

function figures({ hitRatio, imbalance, minuteImbalance, worstMinuteImbalance, refused }: Replayed): Figures {
  return { hitRatio, imbalance, minuteImbalance, worstMinuteImbalance, refused };
}

/** One cache for all replicas: their work is even by definition. */
function oneCache(hitRatio: number): Figures {
  return { hitRatio, imbalance: 1, minuteImbalance: 1, worstMinuteImbalance: 1, refused: 0 };
}

function print({ replicas, cacheTokens, routers, hot, policies }: Run): void {
  const gateways = routers === 1 ? '1 router' : `${routers} routers`;
  console.log(`\n${replicas} replicas x ${cacheTokens} tokens, ${gateways}${hot > 0 ? `, hot prefix ${hot}` : ''}`);
  console.table(
    Object.fromEntries(
      Object.entries(policies).map(([name, each]) => [
        name,
        {
          'hit ratio': each.hitRatio.toFixed(4),
          'of pooled': (each.hitRatio / policies['pooledLru']!.hitRatio).toFixed(4),
          imbalance: each.imbalance.toFixed(3),
          'in a minute': each.minuteImbalance.toFixed(3),
          'worst minute': each.worstMinuteImbalance.toFixed(3),
          refused: each.refused,
        },
      ]),
    ),
  );
}

function summary(): string {
  const ratios = runs.map(({ policies }) => policies['ostro']!.hitRatio / policies['pooledLru']!.hitRatio);
  const { scaleOut: out, speed } = { speed: undefined, ...result };
  const grown =
    out &&
    `${out.from} -> ${out.to} replicas: the next minute keeps ${out.kept.toFixed(3)} of its hit ratio in the mean of ` +
      `${out.moments} moments, ${out.leastKept.toFixed(3)} at worst.`;
  return [
    `\nHit ratio of ostro over the pooled LRU: mean ${mean(ratios).toFixed(4)}, least ${Math.min(...ratios).toFixed(4)}.`,
    ...(grown === undefined ? [] : [grown]),
    ...(speed === undefined ? [] : [`Speed: ${JSON.stringify(speed)}`]),
  ].join('\n');
}

function numbers(name: keyof typeof options, { min = 0, max = Infinity, whole = false }): readonly number[] {
  return String(options[name])
    .split(',')
    .map((text) => {
      const value = Number(text);
      const fits = text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value));
      if (fits) return value;
      throw new Error(`--${name}: "${text}" must be a${whole ? ' whole' : ''} number from ${min} to ${max}`);
    });
}

/** The requests of the minutes `A..B`, B left out. */
function cut(all: readonly Arrival[], minutes: string | undefined): readonly Arrival[] {
  if (minutes === undefined) return all;
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(minutes) ?? [];
  const kept = all.filter(({ atMs }) => atMs >= Number(from) * 60_000 && atMs < Number(to) * 60_000);
  if (kept.length === 0) throw new Error(`--minutes ${minutes}: no request lies there; give a range such as 20..40`);
  return kept.map((arrival) => ({ ...arrival, atMs: arrival.atMs - kept[0]!.atMs }));
}
