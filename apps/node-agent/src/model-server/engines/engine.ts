/** How the next token is chosen. Zero temperature is greedy; `topK` 0 considers the whole vocabulary. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A prompt as the engine will read it. `stop` ends the answer where the template has no end token of its own. */
export interface RenderedPrompt {
  readonly tokens: readonly number[];
  readonly stop: readonly string[];
}

export interface Work {
  readonly slot: number;
  readonly tokens: readonly number[];
  readonly maxTokens: number;
  readonly sampling: Sampling;
}

/**
 * `prompt` comes once, before any work: how much of the prompt the slot had already computed. Then `text`: what
 * became readable and how many tokens were produced for it (a token that ends inside a character has text '').
 */
export type Step =
  | { readonly kind: 'prompt'; readonly cachedTokens: number }
  | { readonly kind: 'text'; readonly text: string; readonly tokens: number };

/** `progress` is within [0, 1] and counts for the named phase only. */
export interface LoadProgress {
  readonly phase: string;
  readonly progress: number;
}

/** Sizes fixed at start. `contextTokens` is what one slot holds: prompt and answer of one request. */
export interface EngineLimits {
  readonly slots: number;
  readonly contextTokens: number;
}

/**
 * One loaded model with `slots` independent sequences. The caller gives a slot to one request at a time and
 * decides whose state may be reused: an engine keeps a slot's state until `forget`, whoever asks next.
 */
export abstract class Engine {
  abstract readonly limits: EngineLimits;
  /** Whether this engine was started for embeddings; then it generates nothing, and otherwise it embeds nothing. */
  abstract readonly embedding: boolean;

  /**
   * Everything else may be called once this has resolved.
   * @throws DomainError NOT_FOUND (MODEL_MISSING), DATA_LOSS (MODEL_BROKEN), RESOURCE_EXHAUSTED (OUT_OF_MEMORY)
   */
  abstract load(report: (progress: LoadProgress) => void): Promise<void>;

  /** Exactly the tokens a text prompt costs, with the begin token where the model wants one. */
  abstract tokenize(text: string): number[];

  /** @throws DomainError INVALID_ARGUMENT (TEMPLATE_REFUSED) when the model's template refuses these messages. */
  abstract renderChat(messages: readonly ChatMessage[]): RenderedPrompt;

  /** How many leading tokens of this prompt the slot's state may save. A hint: `generate` reports the truth. */
  abstract reusablePrefix(slot: number, tokens: readonly number[]): number;

  /** Drops every trace of earlier prompts and answers from the slot. */
  abstract forget(slot: number): Promise<void>;

  /**
   * Ends at the model's end token, which is not counted, or after `maxTokens`. Pulls: nothing is computed ahead of
   * the consumer, so a slow reader pauses its own generation only.
   * @throws the signal's reason within one piece of prefill or one token after it is aborted
   */
  abstract generate(work: Work, signal: AbortSignal): AsyncGenerator<Step, void, void>;

  /** @throws the signal's reason when aborted before the computation began; one input is not divisible. */
  abstract embed(tokens: readonly number[], signal: AbortSignal): Promise<readonly number[]>;

  abstract unload(): Promise<void>;
}

/** Small enough that an abort is seen within a second on a slow processor, large enough to cost little speed. */
export const PREFILL_PIECE_TOKENS = 64;

/** The length of the common beginning. */
export function sharedPrefix(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}
