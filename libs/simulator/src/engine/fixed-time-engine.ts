import type { Engine, EngineListener, EngineLoad, EngineRequest } from './engine.ts';

interface Serving {
  readonly id: number;
  readonly endMs: number;
}

/** Serves so many requests at once, each for as long as it says, such as images whose time was measured. */
export class FixedTimeEngine implements Engine {
  readonly cacheTokens = 0;
  readonly #concurrency: number;
  /** By end; of equal ends the first submitted is first. */
  readonly #serving: Serving[] = [];
  readonly #waiting: EngineRequest[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  nextMs(): number {
    return this.#serving[0]?.endMs ?? Infinity;
  }

  refusal({ serviceMs }: EngineRequest): string | undefined {
    if (serviceMs !== undefined && serviceMs >= 0 && serviceMs < Infinity) return undefined;
    return `it does not say how long serving takes (serviceMs is ${serviceMs})`;
  }

  submit(request: EngineRequest, nowMs: number): void {
    if (this.#serving.length < this.#concurrency) this.#serve(request, nowMs);
    else this.#waiting.push(request);
  }

  advance(nowMs: number, listener: EngineListener): void {
    while (this.nextMs() <= nowMs) {
      const { id, endMs } = this.#serving.shift()!;
      listener.finished(id, endMs);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#serve(next, endMs);
    }
  }

  load(): EngineLoad {
    const { length: running } = this.#serving;
    const kvUsedMilli = Math.floor((running * 1000) / this.#concurrency);
    return { running, waiting: this.#waiting.length, queuedPrefillTokens: 0, kvUsedMilli, preemptions: 0 };
  }

  #serve({ id, serviceMs }: EngineRequest, nowMs: number): void {
    const endMs = nowMs + serviceMs!;
    let at = this.#serving.length;
    while (at > 0 && this.#serving[at - 1]!.endMs > endMs) at -= 1;
    this.#serving.splice(at, 0, { id, endMs });
  }
}
