import { SeededRandom } from '@ostro/kernel';
import type { Engine, EngineListener } from './engine.ts';

/** What serving benchmarks do: so many clients, each sending its next request when the last one is answered. */
export interface ClosedLoop {
  readonly clients: number;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Lengths are drawn evenly between these shares of the nominal ones. */
  readonly shares: readonly [least: number, most: number];
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
      ttft += atMs - sent[id]!.atMs;
    },
    finished(id, atMs) {
      const { firstMs, outputTokens } = sent[id]!;
      if (outputTokens > 1) tpot += (atMs - firstMs) / (outputTokens - 1);
      ends = atMs;
      freed.push(atMs);
    },
  };
  const send = (atMs: number): void => {
    const inputTokens = drawn(loop.inputTokens, loop.shares, random);
    const outputTokens = drawn(loop.outputTokens, loop.shares, random);
    sent.push({ atMs, outputTokens, firstMs: 0 });
    engine.submit({ id: sent.length - 1, inputTokens, outputTokens }, atMs);
  };
  for (let client = 0; client < Math.min(loop.clients, loop.requests); client++) send(0);
  while (engine.nextMs() < Infinity) {
    engine.advance(engine.nextMs(), listener);
    for (const atMs of freed.splice(0)) if (sent.length < loop.requests) send(atMs);
  }
  const { preemptions } = engine.load();
  return { meanTtftMs: ttft / sent.length, meanTpotMs: tpot / sent.length, totalMs: ends, preemptions };
}

function drawn(nominal: number, shares: readonly [number, number], random: SeededRandom): number {
  const least = Math.max(1, Math.floor(nominal * shares[0]));
  const most = Math.max(least, Math.floor(nominal * shares[1]));
  return least + random.below(most - least + 1);
}
