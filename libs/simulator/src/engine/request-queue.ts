import type { EngineRequest } from './engine.ts';
import type { WaitingRequest } from './sequence.ts';

const COMPACT_AT = 1024;

/** First come, first served; a preempted request goes to the front. */
export class RequestQueue {
  readonly #front: WaitingRequest[] = [];
  #back: WaitingRequest[] = [];
  #at = 0;
  #tokens = 0;

  get length(): number {
    return this.#front.length + this.#back.length - this.#at;
  }

  /** Prompt tokens that wait. */
  get tokens(): number {
    return this.#tokens;
  }

  get head(): WaitingRequest | undefined {
    return this.#front.at(-1) ?? this.#back[this.#at];
  }

  push(request: EngineRequest): void {
    this.#back.push({ request, generated: 0 });
    this.#tokens += request.inputTokens;
  }

  /** Back to the front of the queue. */
  pushBack(waiting: WaitingRequest): void {
    this.#front.push(waiting);
    this.#tokens += waiting.request.inputTokens + waiting.generated;
  }

  shift(): void {
    const head = this.head;
    if (head === undefined) return;
    this.#tokens -= head.request.inputTokens + head.generated;
    if (this.#front.length > 0) this.#front.pop();
    else this.#at += 1;
    if (this.#at < COMPACT_AT) return;
    this.#back = this.#back.slice(this.#at);
    this.#at = 0;
  }
}
