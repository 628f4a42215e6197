/** One request as an engine sees it. */
export interface EngineRequest {
  /** The caller's own number for it; comes back in the events. */
  readonly id: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Ids of the prompt's leading blocks; equal id = equal block and equal prefix up to it. */
  readonly prefixBlocks?: readonly number[];
  /** What serving takes where no model of the engine is asked; `FixedTimeEngine` only. */
  readonly serviceMs?: number;
}

/** Told in order of time; within an instant in the order of admission. */
export interface EngineListener {
  /** `cachedTokens`: how much of the prompt was found in the prefix cache. */
  firstToken(id: number, atMs: number, cachedTokens: number): void;
  finished(id: number, atMs: number): void;
}

export interface EngineLoad {
  /** Sequences admitted. */
  readonly running: number;
  /** Sequences not admitted yet. */
  readonly waiting: number;
  /** Prompt tokens not computed yet, of both. */
  readonly queuedPrefillTokens: number;
  readonly kvUsedMilli: number;
  readonly preemptions: number;
}

/**
 * One model server on virtual time. Two adapters: `BatchingEngine` models an LLM engine, `FixedTimeEngine` takes as long
 * as each request says. Callers advance it before they submit, and again whenever `nextMs` has come.
 */
export interface Engine {
  /** What its prefix cache holds at most. */
  readonly cacheTokens: number;
  /** When something happens next if nobody submits anything; Infinity while idle. */
  nextMs(): number;
  /** Lets time pass up to and including `nowMs`. */
  advance(nowMs: number, listener: EngineListener): void;
  /** @throws DomainError OUT_OF_RANGE (REQUEST_TOO_LONG) for what it could never serve. */
  submit(request: EngineRequest, nowMs: number): void;
  /** Why it could never serve this; undefined when it can. */
  refusal(request: EngineRequest): string | undefined;
  load(): EngineLoad;
}
