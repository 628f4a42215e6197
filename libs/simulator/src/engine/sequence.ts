import type { EngineRequest } from './engine.ts';
import type { Held } from './kv-pool.ts';

/** A request that the engine has admitted. */
export interface Sequence {
  readonly request: EngineRequest;
  readonly held: Held;
  readonly cachedTokens: number;
  /** Output tokens so far; a preempted sequence keeps them and computes them again as part of its prompt. */
  generated: number;
  /** Tokens whose keys and values are in the cache. */
  computedTokens: number;
  /** Tokens of the prompt still to compute. */
  prefillTokens: number;
}

/** A request that is not admitted, or no longer. */
export interface WaitingRequest {
  readonly request: EngineRequest;
  readonly generated: number;
}
