import { DomainError } from '@ostro/kernel';
import type { Engine, Sampling, Step } from '../engines/engine.ts';
import type { Slot, SlotPool } from './slot-pool.ts';
import { StopFilter } from './stop-filter.ts';

export interface GenerationRequest {
  readonly tokens: readonly number[];
  readonly stop: readonly string[];
  /** undefined: as much as the context has room for. */
  readonly maxTokens: number | undefined;
  readonly sampling: Sampling;
  /** Whose state may be reused and left behind; undefined reuses and leaves nothing. */
  readonly organization: string | undefined;
}

export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export type FinishReason = 'stop' | 'length';

/** `prompt` once, when a slot is held and before any work; `text` never empty; `end` last. */
export type GenerationEvent =
  | { readonly kind: 'prompt'; readonly usage: Usage }
  | { readonly kind: 'text'; readonly text: string; readonly usage: Usage }
  | { readonly kind: 'end'; readonly finishReason: FinishReason; readonly usage: Usage };

/** Totals since start, for /metrics. */
export interface Totals {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  finished: number;
  cancelled: number;
  failed: number;
}

/** State decides the choice of a slot when it saves at least this part (1/4) of the prompt. */
const WORTHWHILE_PART = 4;

/**
 * Runs requests on the engine's slots. Promises: exact usage, state of one organization is never used for another,
 * and a slot is free again as soon as its request ended, failed or was cancelled.
 */
export class Generator {
  readonly totals: Totals = {
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    finished: 0,
    cancelled: 0,
    failed: 0,
  };
  readonly #engine: Engine;
  readonly #pool: SlotPool;

  constructor(engine: Engine, pool: SlotPool) {
    this.#engine = engine;
    this.#pool = pool;
  }

  /** @throws DomainError INVALID_ARGUMENT (CONTEXT_LENGTH_EXCEEDED), RESOURCE_EXHAUSTED (BUSY), the signal's reason */
  async *run(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationEvent, void, void> {
    const maxTokens = this.#roomFor(request);
    let ended = false;
    let slot: Slot | undefined;
    try {
      slot = await this.#acquire(request, signal);
      yield* this.#runOn(slot, { ...request, maxTokens }, signal);
      ended = true;
      this.totals.finished++;
    } catch (error) {
      ended = true;
      if (signal.aborted) this.totals.cancelled++;
      else this.totals.failed++;
      throw error;
    } finally {
      if (!ended) this.totals.cancelled++;
      if (slot) this.#pool.release(slot);
    }
  }

  #roomFor({ tokens, maxTokens }: GenerationRequest): number {
    const { contextTokens } = this.#engine.limits;
    const room = contextTokens - tokens.length;
    if (room >= 1) return Math.min(maxTokens ?? room, room);
    const message = `This model's maximum context length is ${contextTokens} tokens, and the prompt has ${tokens.length}. Shorten the prompt to leave room for an answer.`;
    throw new DomainError('INVALID_ARGUMENT', 'CONTEXT_LENGTH_EXCEEDED', message, {
      details: {
        param: 'messages',
        context_tokens: String(contextTokens),
        prompt_tokens: String(tokens.length),
      },
    });
  }

  #acquire({ organization, tokens }: GenerationRequest, signal: AbortSignal): Promise<Slot> {
    // A begin token in common is no reason to overwrite another conversation while an empty slot is free.
    const affinity = ({ index }: Slot): number => {
      const saved = this.#engine.reusablePrefix(index, tokens);
      return saved * WORTHWHILE_PART >= tokens.length ? saved : 0;
    };
    return this.#pool.acquire(organization, affinity, signal);
  }

  async *#runOn(
    slot: Slot,
    request: GenerationRequest & { readonly maxTokens: number },
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent, void, void> {
    const { tokens, maxTokens, sampling, stop, organization } = request;
    if (organization === undefined || slot.organization !== organization) await this.#engine.forget(slot.index);
    slot.organization = organization;
    slot.promptTokens = tokens.length;
    const filter = new StopFilter(stop);
    const usage = (completionTokens: number): Usage => ({
      promptTokens: slot.promptTokens,
      cachedTokens: slot.cachedTokens,
      completionTokens,
    });
    for await (const step of this.#engine.generate({ slot: slot.index, tokens, maxTokens, sampling }, signal)) {
      this.#count(slot, step);
      if (step.kind === 'prompt') {
        yield { kind: 'prompt', usage: usage(0) };
        continue;
      }
      const released = filter.push(step.text, step.tokens);
      if (released.text !== '') yield { kind: 'text', text: released.text, usage: usage(released.tokens) };
      if (released.stopped) {
        yield { kind: 'end', finishReason: 'stop', usage: usage(slot.completionTokens) };
        return;
      }
    }
    const rest = filter.end();
    if (rest.text !== '') yield { kind: 'text', text: rest.text, usage: usage(rest.tokens) };
    const finishReason = slot.completionTokens >= maxTokens ? 'length' : 'stop';
    yield { kind: 'end', finishReason, usage: usage(slot.completionTokens) };
  }

  #count(slot: Slot, step: Step): void {
    if (step.kind === 'prompt') {
      slot.cachedTokens = step.cachedTokens;
      this.totals.promptTokens += slot.promptTokens;
      this.totals.cachedTokens += step.cachedTokens;
    } else {
      slot.completionTokens += step.tokens;
      this.totals.completionTokens += step.tokens;
    }
  }
}
