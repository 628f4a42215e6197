import { createHash } from 'node:crypto';
import { DomainError } from '@ostro/kernel';
import type { Timer } from '../timer.ts';
import {
  type ChatMessage,
  Engine,
  type EngineLimits,
  type LoadProgress,
  PREFILL_PIECE_TOKENS,
  type RenderedPrompt,
  sharedPrefix,
  type Step,
  type Work,
} from './engine.ts';

export interface SimulatedEngineOptions extends EngineLimits {
  readonly embedding: boolean;
  readonly seed: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeMsPerToken: number;
  readonly loadMs: number;
}

const BEGIN = 1;
const LOAD_STEPS = 10;
const EMBEDDING_LENGTH = 64;
const SYLLABLES = ['ka', 'lo', 'mi', 'ne', 'ru', 'sa', 'ti', 'vo'];

/**
 * Behaves like an engine in everything but meaning: the same seed, prompt and sampling give the same words, prefill
 * and decode take the time they are told to, state is kept and reused per slot. It never ends an answer by itself,
 * so `max_tokens` or a stop string decides how long an answer is.
 */
export class SimulatedEngine extends Engine {
  readonly limits: EngineLimits;
  readonly embedding: boolean;
  readonly #options: SimulatedEngineOptions;
  readonly #timer: Timer;
  readonly #state: number[][];

  constructor(options: SimulatedEngineOptions, timer: Timer) {
    super();
    this.limits = { slots: options.slots, contextTokens: options.contextTokens };
    this.embedding = options.embedding;
    this.#options = options;
    this.#timer = timer;
    this.#state = Array.from({ length: options.slots }, () => []);
  }

  async load(report: (progress: LoadProgress) => void): Promise<void> {
    for (let step = 0; step < LOAD_STEPS; step++) {
      report({ phase: 'weights', progress: step / LOAD_STEPS });
      await this.#timer.sleep(this.#options.loadMs / LOAD_STEPS);
    }
  }

  tokenize(text: string): number[] {
    const pieces = text.match(/\s*[^\s]{1,4}|\s+/gu) ?? [];
    return [BEGIN, ...pieces.map((piece) => digest(piece).readUInt32LE(0) >>> 1)];
  }

  renderChat(messages: readonly ChatMessage[]): RenderedPrompt {
    const turns = messages.map(({ role, content }) => `<|${role}|>\n${content}\n`).join('');
    return { tokens: this.tokenize(`${turns}<|assistant|>\n`), stop: [] };
  }

  reusablePrefix(slot: number, tokens: readonly number[]): number {
    return sharedPrefix(this.#slotState(slot), tokens.slice(0, -1));
  }

  async forget(slot: number): Promise<void> {
    this.#slotState(slot).length = 0;
  }

  async *generate(work: Work, signal: AbortSignal): AsyncGenerator<Step, void, void> {
    const cachedTokens = this.reusablePrefix(work.slot, work.tokens);
    const state = this.#slotState(work.slot);
    state.length = cachedTokens;
    yield { kind: 'prompt', cachedTokens };
    await this.#prefill(state, work.tokens, signal);
    yield* this.#decode(state, work, signal);
  }

  async embed(tokens: readonly number[], signal: AbortSignal): Promise<readonly number[]> {
    await this.#timer.sleep((tokens.length / this.#options.prefillTokensPerSecond) * 1000, signal);
    const random = randomOf(digest(`${this.#options.seed}:${tokens.join(' ')}`));
    const vector = Array.from({ length: EMBEDDING_LENGTH }, () => random() / 2 ** 31 - 1);
    const norm = Math.hypot(...vector);
    return vector.map((value) => value / norm);
  }

  async unload(): Promise<void> {
    for (const state of this.#state) state.length = 0;
  }

  async #prefill(state: number[], tokens: readonly number[], signal: AbortSignal): Promise<void> {
    while (state.length < tokens.length) {
      const piece = tokens.slice(state.length, state.length + PREFILL_PIECE_TOKENS);
      await this.#timer.sleep((piece.length / this.#options.prefillTokensPerSecond) * 1000, signal);
      state.push(...piece);
    }
  }

  async *#decode(state: number[], work: Work, signal: AbortSignal): AsyncGenerator<Step, void, void> {
    const { sampling, tokens, maxTokens } = work;
    const luck = sampling.temperature === 0 ? '' : `:${sampling.seed}`;
    const random = randomOf(digest(`${this.#options.seed}${luck}:${tokens.join(' ')}`));
    let dueMs = this.#timer.monotonicMs();
    for (let produced = 0; produced < maxTokens; produced++) {
      // Due times are kept against the clock, so that late timers do not add up to a slower model.
      const nowMs = this.#timer.monotonicMs();
      dueMs = Math.max(dueMs + this.#options.decodeMsPerToken, nowMs - this.#options.decodeMsPerToken);
      await this.#timer.sleep(dueMs - nowMs, signal);
      const text = wordOf(random());
      state.push(digest(text).readUInt32LE(0) >>> 1);
      yield { kind: 'text', text, tokens: 1 };
    }
  }

  #slotState(slot: number): number[] {
    const state = this.#state[slot];
    if (state) return state;
    throw new DomainError('INTERNAL', 'NO_SUCH_SLOT', `slot ${slot} does not exist; there are ${this.limits.slots}`);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Unsigned 32-bit numbers, the same for the same seed (xorshift32). */
function randomOf(seed: Buffer): () => number {
  let state = seed.readUInt32LE(0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function wordOf(number: number): string {
  return ` ${SYLLABLES[number & 7]}${SYLLABLES[(number >>> 3) & 7]}`;
}
