import type { Engine, EngineListener } from './engine.ts';
import { SeededRandom } from '../seeded-random.ts';

/** What serving benchmarks do: so many clients, each sending its next request when the last one is answered. */
export interface ClosedLoop {
  readonly clients: number;
  readonly requests: number;
  /** The first so many are not counted. */
  readonly warmup?: number;
  readonly cachedShare?: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Lengths are drawn evenly from this share of the nominal length up to all of it; 1 = always the nominal one. */
  readonly leastShare: number;
  readonly seed: number;
}

export interface ClosedLoopResult {
  readonly meanTtftMs: number;
  /** Mean over requests of (last token - first token) / (tokens - 1). */
  readonly meanTpotMs: number;
  readonly totalMs: number;
  readonly preemptions: number;
}

interface Sent {
  readonly atMs: number;
  readonly outputTokens: number;
  firstMs: number;
}

/** Runs a closed loop on one engine, all clients starting at once. */
export function runClosedLoop(engine: Engine, loop: ClosedLoop): ClosedLoopResult {
  const random = new SeededRandom(loop.seed);
  const sent: Sent[] = [];
  const freed: number[] = [];
  let ttft = 0;
  let tpot = 0;
  let ends = 0;
  const listener: EngineListener = {
    firstToken(id, atMs) {
      sent[id]!.firstMs = atMs;
      if (id >= (loop.warmup ?? 0)) ttft += atMs - sent[id]!.atMs;
    },
    finished(id, atMs) {
      const { firstMs, outputTokens } = sent[id]!;
      if (id >= (loop.warmup ?? 0) && outputTokens > 1) tpot += (atMs - firstMs) / (outputTokens - 1);
      ends = atMs;
      freed.push(atMs);
    },
  };
  const send = (atMs: number): void => {
    const inputTokens = drawn(loop.inputTokens, loop.leastShare, random);
    const outputTokens = drawn(loop.outputTokens, loop.leastShare, random);
    sent.push({ atMs, outputTokens, firstMs: 0 });
    engine.submit(
      { id: sent.length - 1, inputTokens: Math.ceil(inputTokens * (1 - (loop.cachedShare ?? 0))), outputTokens },
      atMs,
    );
  };
  for (let client = 0; client < Math.min(loop.clients, loop.requests); client++) send(0);
  while (engine.nextMs() < Infinity) {
    engine.advance(engine.nextMs(), listener);
    for (const atMs of freed.splice(0)) if (sent.length < loop.requests) send(atMs);
  }
  const { preemptions } = engine.load();
  const counted = sent.length - (loop.warmup ?? 0);
  return { meanTtftMs: ttft / counted, meanTpotMs: tpot / counted, totalMs: ends, preemptions };
}

function drawn(nominal: number, leastShare: number, random: SeededRandom): number {
  const least = Math.max(1, Math.floor(nominal * leastShare));
  return least + random.below(nominal - least + 1);
}
