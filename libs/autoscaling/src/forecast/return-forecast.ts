import { busyBucket, coarse, fine, IDLE_EDGES_MS, idleBucket } from './buckets.ts';
import type { Learning, Watched } from './learning.ts';

/** What a prior is worth in watching: after some hours of idle replicas in one bucket, what was seen there outweighs it. */
const COARSE_PRIOR_MS = 10_000_000;
const FINE_PRIOR_MS = 3_000_000;
const MINUTE_MS = 60_000;

/** An idle replica whose return is asked for. */
export interface Idle {
  readonly idleMs: number;
  readonly busyness: number;
  /** See `placeOf`. */
  readonly place: number;
}

/** A replica that must first start, and what counts only within a time. */
export interface Holding {
  readonly startingMs?: number;
  readonly withinMs?: number | undefined;
}

/**
 * How soon an idle replica is needed again: a hazard rate, learned by all deployments together in buckets of idle time,
 * busyness and place.
 *
 *     rate = (returns + prior rate x prior time) / (time watched + prior time)
 *
 * Intent: what is rarely seen leans on what is seen more (place on idle time and busyness, those on the prior), so that the
 * first day already decides sensibly. Learned online from the past only. Source: the posterior mean of a Gamma-Poisson rate.
 */
export class ReturnForecast {
  constructor(private readonly learning: Learning) {}

  /** Returns per ms at one bucket of idle time. */
  private rate(bucket: number, busy: number, place: number, prior: number): number {
    const at = coarse(bucket, busy);
    const pooled = posterior(this.learning.coarse, at, prior, COARSE_PRIOR_MS);
    return posterior(this.learning.fine, fine(at, place), pooled, FINE_PRIOR_MS);
  }

  /**
   * The chance of a return within a time, in thousandths: one minus the product of the chances to see none per bucket,
   * each 1 / (1 + rate x time).
   */
  returnMilli(idle: Idle, withinMs: number): number {
    let none = 1;
    for (const { rate, ms } of this.ahead(idle, withinMs)) none /= 1 + rate * ms;
    return Math.round(1000 * (1 - none));
  }

  /**
   * The best ratio of returns that find the replica ready to the time spent waiting for them, over all times at which one
   * could give up; in returns per 10^9 ms.
   *
   *     rate = max over t of  P(ready for a return within t) / E[min(return, t)]
   *
   * Intent: right after a request nobody returns for some seconds, since people look at the answer; giving up then would be
   * wrong although the rate is low. A return while the replica still starts counts nothing, since it waits all the same.
   * Source: the Gittins index of a stopping problem.
   */
  bestRate(idle: Idle, { startingMs = 0, withinMs = HORIZON_MS }: Holding): number {
    let none = 1;
    let aheadMs = 0;
    let waitedMs = 0;
    let served = 0;
    let best = 0;
    for (const { rate, ms } of this.ahead(idle, withinMs)) {
      const returned = none - none / (1 + rate * ms);
      if (aheadMs + ms / 2 >= startingMs) served += returned;
      waitedMs += rate > 0 ? returned / rate : none * ms;
      none -= returned;
      aheadMs += ms;
      if (waitedMs > 0) best = Math.max(best, served / waitedMs);
    }
    return Math.round(best * 1e9);
  }

  /** The pieces of the time to come, at most a bucket each, that begin now. */
  private *ahead({ idleMs, busyness, place }: Idle, withinMs: number): Generator<{ rate: number; ms: number }> {
    const busy = busyBucket(busyness);
    const endMs = idleMs + withinMs;
    let fromMs = idleMs;
    for (let bucket = idleBucket(idleMs); fromMs < endMs; bucket += 1) {
      const toMs = Math.min(IDLE_EDGES_MS[bucket] ?? endMs, endMs);
      yield { rate: this.rate(bucket, busy, place, priorRate(fromMs, busyness)), ms: toMs - fromMs };
      fromMs = toMs;
    }
  }
}

/** Further ahead than this nobody keeps a replica for its own sake. */
const HORIZON_MS = 3_600_000;

/**
 * What is believed before anything is seen, in returns per ms: pauses between requests of people have Pareto's long tail,
 * whose rate falls as one over the time since, and the busier a deployment was the shorter they are.
 *
 *     rate = (1/3 + busyness / 80) / (1 minute + idle time)
 *
 * The constants are read off the first six days of the GenAI trace. Source of the shape: Barabasi, Nature 435 (2005).
 */
function priorRate(idleMs: number, busyness: number): number {
  return (1 / 3 + busyness / 80) / (MINUTE_MS + idleMs);
}

function posterior({ returns, watchedMs }: Watched, bucket: number, prior: number, priorMs: number): number {
  return (returns[bucket]! + prior * priorMs) / (watchedMs[bucket]! + priorMs);
}
