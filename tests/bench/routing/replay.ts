import { EngineCache } from './engine-cache.ts';
import { type Arrival, BLOCK_TOKENS } from './trace.ts';

/** One gateway's way of choosing. */
export interface Policy {
  /** @returns the number of a replica, or undefined: refused. */
  pick(arrival: Arrival): number | undefined;
  /** It was sent there. */
  sent?(arrival: Arrival, replica: number): void;
  /** Every five seconds: all that reached the replicas since the report before, and how many there are now. */
  report?(report: Report): void;
}

export interface Report {
  readonly replicas: number;
  readonly served: readonly Sent[];
  readonly queuedTokens: readonly number[];
}

export interface Sent {
  readonly gateway: number;
  readonly replica: number;
  readonly arrival: Arrival;
  readonly uncachedTokens: number;
}

/** What a policy that knows everything may look at: the engines as they are, not as they are believed to be. */
export interface Engines {
  readonly caches: readonly EngineCache[];
  readonly queuedTokens: () => readonly number[];
}

export interface ReplayOptions {
  readonly replicas: number;
  /** Of each replica. */
  readonly cacheTokens: number;
  readonly gateways: number;
  readonly policy: (gateway: number, engines: Engines) => Policy;
  /** One more replica from then on. */
  readonly scaleOutAtMs?: number;
}

export interface Replayed {
  /** Cached input tokens / input tokens. */
  readonly hitRatio: number;
  /** Uncached tokens of the busiest replica / of the average one, over the whole trace. */
  readonly imbalance: number;
  /** The same within a minute: the mean over all full minutes. */
  readonly minuteImbalance: number;
  /** And the worst full minute. */
  readonly worstMinuteImbalance: number;
  readonly refused: number;
  /** Cached input tokens / input tokens of each minute. */
  readonly hitRatioByMinute: readonly number[];
}

const REPORT_MS = 5_000;
const MINUTE_MS = 60_000;
/** Prefill of all replicas together, as a multiple of the input tokens that arrive in the mean. */
const CAPACITY = 1.5;
/** A replica refuses what would wait longer than this for its prefill. */
const LONGEST_WAIT_MS = 60_000;

/** Sends a trace through the caches of a cluster. */
export function replay(arrivals: readonly Arrival[], options: ReplayOptions): Replayed {
  const cluster = new Cluster(arrivals, options);
  const log: Sent[] = [];
  const policies = Array.from({ length: options.gateways }, (_, gateway) => options.policy(gateway, cluster));
  const books = new Books();
  let reportAtMs = 0;
  arrivals.forEach((arrival, at) => {
    if (arrival.atMs >= (options.scaleOutAtMs ?? Infinity)) cluster.scaleTo(options.replicas + 1);
    cluster.passTime(arrival.atMs);
    for (; arrival.atMs >= reportAtMs; reportAtMs += REPORT_MS) {
      const report = { replicas: cluster.caches.length, served: log.splice(0), queuedTokens: cluster.queuedTokens() };
      for (const policy of policies) policy.report?.(report);
    }
    const gateway = at % options.gateways;
    const replica = policies[gateway]!.pick(arrival);
    const uncachedTokens = replica === undefined ? undefined : cluster.serve(replica, arrival);
    if (replica === undefined || uncachedTokens === undefined) return books.refuse();
    policies[gateway]!.sent?.(arrival, replica);
    log.push({ gateway, replica, arrival, uncachedTokens });
    books.serve(arrival, replica, uncachedTokens);
  });
  return books.close(cluster.caches.length);
}

/** The engines: their caches, and what waits for its prefill. */
class Cluster implements Engines {
  readonly caches: EngineCache[];
  readonly #cacheBlocks: number;
  readonly #tokensPerMs: number;
  #queued: number[];
  #nowMs = 0;

  constructor(arrivals: readonly Arrival[], { replicas, cacheTokens }: ReplayOptions) {
    this.#cacheBlocks = Math.floor(cacheTokens / BLOCK_TOKENS);
    this.caches = Array.from({ length: replicas }, () => new EngineCache(this.#cacheBlocks));
    this.#queued = this.caches.map(() => 0);
    const inputTokens = arrivals.reduce((sum, arrival) => sum + arrival.inputTokens, 0);
    this.#tokensPerMs = (CAPACITY * inputTokens) / replicas / Math.max(1, arrivals.at(-1)!.atMs);
  }

  queuedTokens(): readonly number[] {
    return [...this.#queued];
  }

  scaleTo(replicas: number): void {
    if (this.caches.length === replicas) return;
    this.caches.push(new EngineCache(this.#cacheBlocks));
    this.#queued.push(0);
  }

  passTime(nowMs: number): void {
    const prefilled = (nowMs - this.#nowMs) * this.#tokensPerMs;
    this.#queued = this.#queued.map((tokens) => Math.max(0, tokens - prefilled));
    this.#nowMs = nowMs;
  }

  /** @returns its uncached tokens; undefined: it would wait too long. */
  serve(replica: number, { ids, inputTokens }: Arrival): number | undefined {
    if (this.#queued[replica]! / this.#tokensPerMs > LONGEST_WAIT_MS) return undefined;
    const cached = this.caches[replica]!.serve(ids);
    const uncachedTokens = Math.max(0, inputTokens - cached * BLOCK_TOKENS);
    this.#queued[replica]! += uncachedTokens;
    return uncachedTokens;
  }
}

/** What is counted of a replay. */
class Books {
  readonly #total: number[] = [];
  readonly #byMinute: number[][] = [];
  readonly #inputTokensByMinute: number[] = [];
  #refused = 0;

  refuse(): void {
    this.#refused += 1;
  }

  serve({ atMs, inputTokens }: Arrival, replica: number, uncachedTokens: number): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    const ofMinute = (this.#byMinute[minute] ??= []);
    ofMinute[replica] = (ofMinute[replica] ?? 0) + uncachedTokens;
    this.#total[replica] = (this.#total[replica] ?? 0) + uncachedTokens;
    this.#inputTokensByMinute[minute] = (this.#inputTokensByMinute[minute] ?? 0) + inputTokens;
  }

  close(replicas: number): Replayed {
    // The last minute is cut off by the end of the trace; it counts only where there is no other.
    const full = this.#byMinute.slice(0, -1).filter((minute) => minute !== undefined);
    const minutes = full.length > 0 ? full : this.#byMinute;
    const imbalances = minutes.map((minute) => imbalance(minute, replicas));
    const inputTokens = sum(this.#inputTokensByMinute);
    return {
      hitRatio: 1 - sum(this.#total) / inputTokens,
      imbalance: imbalance(this.#total, replicas),
      minuteImbalance: sum(imbalances) / imbalances.length,
      worstMinuteImbalance: Math.max(...imbalances),
      refused: this.#refused,
      hitRatioByMinute: this.#byMinute.map((minute, at) => 1 - sum(minute) / this.#inputTokensByMinute[at]!),
    };
  }
}

function imbalance(tokens: readonly number[], replicas: number): number {
  const most = tokens.reduce((a, b) => Math.max(a, b), 0);
  return most === 0 ? 1 : (most * replicas) / sum(tokens);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
