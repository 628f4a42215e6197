import { DomainError } from '@ostro/kernel';
import type { EngineKind } from './engine-kind.ts';
import type { Engine, EngineListener, EngineLoad, EngineRequest } from './engine.ts';
import { Frontend, type FrontendCosts } from './frontend.ts';
import type { IterationModel } from './iteration-model.ts';
import { DecodeBatch } from './decode-batch.ts';
import { KV_BLOCK_TOKENS, KvPool } from './kv-pool.ts';
import { RequestQueue } from './request-queue.ts';
import type { Sequence } from './sequence.ts';

export interface BatchingOptions {
  readonly model: IterationModel;
  readonly kind: EngineKind;
  readonly tokenBudget: number;
  readonly maxSequences: number;
  /** Prompt and answer of one request together, at most. */
  readonly contextTokens: number;
  readonly prefixBlockTokens: number;
  readonly frontend: FrontendCosts;
}

interface Chunk {
  readonly sequence: Sequence;
  readonly tokens: number;
}

/** What the engine is busy with: `steps` equal decode iterations, or one that prefills `chunks` (and maybe decodes). */
interface Plan {
  readonly startMs: number;
  endMs: number;
  steps: number;
  readonly decodes: boolean;
  readonly chunks: readonly Chunk[];
}

/**
 * An LLM engine with iteration-level batching (Orca, OSDI'22), chunked prefill under a token budget (Sarathi-Serve,
 * OSDI'24), paged KV cache (vLLM, SOSP'23) and preemption by recomputing when the cache is full.
 *
 * Between two arrivals or completions every iteration decodes the same sequences, so those iterations are one jump
 * whose length has a closed form; an arrival cuts the jump at the end of the iteration it falls into. Nothing is
 * approximated by that: it is the sum of the very iterations.
 */
export class BatchingEngine implements Engine {
  readonly #options: BatchingOptions;
  readonly #pool: KvPool;
  readonly #queue = new RequestQueue();
  readonly #batch: DecodeBatch;
  readonly #frontend: Frontend;
  /** Admitted, prompt not wholly computed; in order of admission. */
  #prefilling: Sequence[] = [];
  #plan: Plan | undefined;
  #preemptions = 0;

  constructor(options: BatchingOptions) {
    this.#options = options;
    this.#pool = new KvPool(options.model.kvPoolTokens, options.prefixBlockTokens);
    this.#batch = new DecodeBatch(options.model, this.#pool, options.kind.reservesAnswer);
    this.#frontend = new Frontend(options.frontend);
  }

  nextMs(): number {
    const planMs = this.#plan?.endMs ?? Infinity;
    return Math.min(planMs, this.#frontend.nextArrivalMs(), this.#frontend.nextDepartureMs());
  }

  refusal({ inputTokens, outputTokens }: EngineRequest): string | undefined {
    const tokens = inputTokens + outputTokens;
    const { contextTokens } = this.#options;
    if (tokens > contextTokens) return `${tokens} tokens are more than the context of ${contextTokens}`;
    const pool = this.#pool.totalBlocks * KV_BLOCK_TOKENS;
    return tokens > pool ? `${tokens} tokens are more than the KV cache of ${pool}` : undefined;
  }

  submit(request: EngineRequest, nowMs: number): void {
    const refusal = this.refusal(request);
    if (refusal !== undefined) {
      throw new DomainError('OUT_OF_RANGE', 'REQUEST_TOO_LONG', `request ${request.id}: ${refusal}; refuse it first`);
    }
    this.#frontend.receive(request, nowMs);
  }

  advance(nowMs: number, listener: EngineListener): void {
    for (;;) {
      const planMs = this.#plan?.endMs ?? Infinity;
      const arrivalMs = this.#frontend.nextArrivalMs();
      const nextMs = Math.min(planMs, arrivalMs);
      if (nextMs > nowMs) break;
      if (arrivalMs < planMs) this.#arrived(arrivalMs);
      else this.#completed(this.#plan!);
    }
    this.#frontend.depart(nowMs, listener);
  }

  get cacheTokens(): number {
    return this.#pool.totalBlocks * KV_BLOCK_TOKENS;
  }

  load(): EngineLoad {
    return {
      running: this.#batch.size + this.#prefilling.length,
      waiting: this.#queue.length + this.#frontend.waiting.length,
      queuedPrefillTokens:
        this.#queue.tokens + this.#prefilling.reduce((sum, { prefillTokens }) => sum + prefillTokens, 0),
      kvUsedMilli: this.#pool.usedMilli,
      preemptions: this.#preemptions,
    };
  }

  #mayAdmit(): boolean {
    return this.#batch.size + this.#prefilling.length < this.#options.maxSequences && this.#queue.head !== undefined;
  }

  /** Ends a jump with the iteration that is under way. */
  #cut(plan: Plan, nowMs: number): void {
    plan.steps = this.#batch.stepsUntil(nowMs - plan.startMs, plan.steps);
    plan.endMs = plan.startMs + this.#batch.jumpMs(plan.steps);
  }

  #next(startMs: number): Plan | undefined {
    const { kind, tokenBudget } = this.#options;
    const admits = !this.#makeRoom();
    const chunks = this.#chunks(tokenBudget - (kind.isMixed ? this.#batch.size : 0), admits);
    const decodes = this.#batch.size > 0 && (kind.isMixed || chunks.length === 0);
    if (chunks.length > 0) return this.#prefillPlan(startMs, chunks, decodes);
    if (this.#batch.size === 0) return undefined;
    const steps = this.#batch.equalSteps();
    return { startMs, endMs: startMs + this.#batch.jumpMs(steps), steps, decodes: true, chunks };
  }

  #prefillPlan(startMs: number, chunks: readonly Chunk[], decodes: boolean): Plan {
    const attentionPairs = chunks.reduce(
      (sum, { sequence, tokens }) => sum + tokens * (sequence.computedTokens + tokens / 2),
      0,
    );
    const ms = this.#options.model.iterationMs({
      prefillTokens: chunks.reduce((sum, { tokens }) => sum + tokens, 0),
      attentionPairs,
      decodeSequences: decodes ? this.#batch.size : 0,
      contextTokens: decodes ? this.#batch.contextTokens : 0,
    });
    return { startMs, endMs: startMs + ms, steps: decodes ? 1 : 0, decodes, chunks };
  }

  /** What of the prompts is computed next: those begun first, then those waiting, as far as budget and memory go. */
  #chunks(budget: number, admits: boolean): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let left = budget;
    for (let at = 0; left > 0; at++) {
      const sequence = this.#prefilling[at] ?? (admits ? this.#admitted() : undefined);
      if (sequence === undefined) break;
      const tokens = Math.min(left, sequence.prefillTokens);
      chunks.push({ sequence, tokens });
      left -= tokens;
    }
    return chunks;
  }

  #admitted(): Sequence | undefined {
    const waiting = this.#queue.head;
    if (waiting === undefined || !this.#mayAdmit()) return undefined;
    const { request, generated } = waiting;
    const promptTokens = request.inputTokens + generated;
    const wanted = this.#options.kind.reservesAnswer ? request.inputTokens + request.outputTokens : promptTokens;
    const spareBlocks = this.#batch.blocksFor(1);
    const taken = this.#pool.take(wanted, { ...request, spareBlocks });
    if (taken === undefined) return undefined;
    this.#queue.shift();
    const { held, cachedTokens } = taken;
    const prefillTokens = promptTokens - cachedTokens;
    const sequence = { request, generated, held, cachedTokens, computedTokens: cachedTokens, prefillTokens };
    this.#prefilling.push(sequence);
    return sequence;
  }

  /**
   * Until every sequence that decodes can grow by a token, the youngest goes back to the queue and loses its cache.
   * @returns whether any did: then none is admitted in the same iteration.
   */
  #makeRoom(): boolean {
    const before = this.#preemptions;
    while (this.#batch.blocksFor(1) > this.#pool.freeBlocks && this.#batch.size + this.#prefilling.length > 1) {
      const { request, generated } = this.#youngestRemoved();
      this.#queue.pushBack({ request, generated });
      this.#preemptions += 1;
    }
    return this.#preemptions > before;
  }

  #youngestRemoved(): Sequence {
    const prefilling = this.#prefilling.pop();
    if (prefilling === undefined) return this.#batch.removeYoungest();
    this.#pool.release(prefilling.held, prefilling.held.privateBlocks);
    return prefilling;
  }

  #arrived(nowMs: number): void {
    this.#queue.push(this.#frontend.nextArrival()!);
    if (this.#plan === undefined) this.#plan = this.#next(nowMs);
    else if (this.#plan.chunks.length === 0 && this.#mayAdmit()) this.#cut(this.#plan, nowMs);
  }

  #completed(plan: Plan): void {
    const decoded = plan.decodes ? this.#batch.size : 0;
    const started = plan.chunks.filter(({ sequence, tokens }) => sequence.prefillTokens === tokens).length;
    this.#frontend.emit(decoded, plan.steps, plan.startMs, plan.endMs);
    this.#frontend.emit(started, 1, plan.startMs, plan.endMs);
    this.#complete(plan);
    this.#plan = this.#next(plan.endMs);
  }

  #complete(plan: Plan): void {
    if (plan.decodes) {
      for (const { request } of this.#batch.advance(plan.steps)) this.#finished(request.id, plan.endMs);
    }
    for (const { sequence, tokens } of plan.chunks) {
      sequence.computedTokens += tokens;
      sequence.prefillTokens -= tokens;
      if (sequence.prefillTokens === 0) this.#started(sequence, plan.endMs);
    }
    if (plan.chunks.length > 0) this.#prefilling = this.#prefilling.filter(({ prefillTokens }) => prefillTokens > 0);
  }

  /** The iteration that computes the end of the prompt also yields a token. */
  #started(sequence: Sequence, endMs: number): void {
    const { request } = sequence;
    if (sequence.generated === 0) {
      const { cachedTokens } = sequence;
      this.#frontend.deliver(endMs, (listener, atMs) => listener.firstToken(request.id, atMs, cachedTokens));
    }
    sequence.generated += 1;
    if (sequence.generated < request.outputTokens) return this.#batch.add(sequence);
    this.#pool.release(sequence.held, sequence.held.privateBlocks);
    this.#finished(request.id, endMs);
  }

  #finished(id: number, endMs: number): void {
    this.#frontend.deliver(endMs, (listener, atMs) => listener.finished(id, atMs));
  }
}
