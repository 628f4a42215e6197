import type { EngineListener, EngineRequest } from './engine.ts';

interface Arriving {
  readonly request: EngineRequest;
  readonly atMs: number;
}

interface Leaving {
  readonly atMs: number;
  tell(listener: EngineListener): void;
}

/** What a request and a token cost outside of the GPU. */
export interface FrontendCosts {
  /** Of a request, side by side with others: HTTP, the way in and back. */
  readonly requestMs: number;
  readonly requestMsPerThousandTokens: number;
  /** Of a request, one after the other. */
  readonly requestSerialMs: number;
  /** Of an output token, one after the other. */
  readonly tokenSerialMs: number;
}

/**
 * The one process before an engine that parses requests, tokenizes them, and turns tokens back into chunks. It serves
 * one thing after the other, so a fast engine with many sequences outruns it: then the first token waits although the
 * GPU is not busy (seen beyond some 10,000 tokens per second with an 8B model on several GPUs).
 */
export class Frontend {
  readonly #costs: FrontendCosts;
  readonly #arriving: Arriving[] = [];
  readonly #leaving: Leaving[] = [];
  #inFreeMs = 0;
  #outFreeMs = 0;

  constructor(costs: FrontendCosts) {
    this.#costs = costs;
  }

  get waiting(): readonly Arriving[] {
    return this.#arriving;
  }

  nextArrivalMs(): number {
    return this.#arriving[0]?.atMs ?? Infinity;
  }

  nextDepartureMs(): number {
    return this.#leaving[0]?.atMs ?? Infinity;
  }

  receive(request: EngineRequest, nowMs: number): void {
    const { requestMs, requestMsPerThousandTokens, requestSerialMs } = this.#costs;
    this.#inFreeMs = Math.max(this.#inFreeMs, nowMs) + requestSerialMs;
    const wayMs = requestMs + (requestMsPerThousandTokens * request.inputTokens) / 1000;
    const before = this.#arriving.at(-1)?.atMs ?? 0;
    this.#arriving.push({ request, atMs: Math.max(before, this.#inFreeMs + wayMs) });
  }

  nextArrival(): EngineRequest | undefined {
    return this.#arriving.shift()?.request;
  }

  /**
   * `steps` iterations from `startMs` to `endMs` yielded `tokens` each. Lindley's recursion over equal steps has its
   * extremes at the first and the last: out = max(out, first) + all tokens, but not before the last step's own.
   */
  emit(tokens: number, steps: number, startMs: number, endMs: number): void {
    if (steps === 0 || tokens === 0) return;
    const firstMs = startMs + (endMs - startMs) / steps;
    const work = tokens * this.#costs.tokenSerialMs;
    this.#outFreeMs = Math.max(Math.max(this.#outFreeMs, firstMs) + steps * work, endMs + work);
  }

  /** Tells the listener once what was emitted so far has been written. */
  deliver(endMs: number, tell: (listener: EngineListener, atMs: number) => void): void {
    const atMs = Math.max(this.#outFreeMs, endMs);
    this.#leaving.push({ atMs, tell: (listener) => tell(listener, atMs) });
  }

  depart(nowMs: number, listener: EngineListener): void {
    while (this.nextDepartureMs() <= nowMs) this.#leaving.shift()!.tell(listener);
  }
}
