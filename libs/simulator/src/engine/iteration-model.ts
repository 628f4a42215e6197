import type { Coefficients } from './coefficients.ts';
import type { EngineModel } from './engine-model.ts';
import type { GpuDataSheet } from './gpu.ts';
import { bytesPerParameter, expertsTouched, kvElementsPerToken, type Precision } from './model-sizes.ts';

/** More tokens than any sequence has; finite, so that nothing times it is a number. */
const NO_LIMIT = 2 ** 40;

export interface EngineLayout {
  /** GPUs that share every attention layer. */
  readonly tensorParallel: number;
  /** Groups that each attend to their own sequences while all share the experts; 1 = none. */
  readonly dataParallel: number;
  readonly precision: Precision;
}

/** What one iteration has to do. */
export interface IterationWork {
  readonly prefillTokens: number;
  /** Pairs of (new token, token it attends to) in prefill. */
  readonly attentionPairs: number;
  readonly decodeSequences: number;
  /** Tokens cached for the sequences that decode. */
  readonly contextTokens: number;
}

/**
 * Time of one iteration, a roofline with overheads (Williams et al., 2009; for LLM inference, Vidur, MLSys 2024):
 *
 *     iteration + layers x (layer + 2 all-reduces) + sequences x s      overheads
 *     + max(weight bytes / bandwidth, 2 x parameters x tokens / rate)   dense part, then the same for experts
 *     + KV bytes / bandwidth + 4 x heads x head size x pairs / rate     attention in decode and in prefill
 *     + 2 x layers x tokens x hidden x bytes / link                     all-reduces
 *
 * For a given batch it is linear in `contextTokens`, which is what lets the engine jump over many equal iterations.
 */
export class IterationModel {
  readonly kvPoolTokens: number;
  readonly kvMsPerToken: number;
  readonly #c: Coefficients;
  readonly #model: EngineModel;
  readonly #isGroup: boolean;
  readonly #attendedEach: number;
  readonly #fixedMs: number;
  readonly #denseReadMs: number;
  readonly #denseMsPerToken: number;
  readonly #expertReadMs: number;
  readonly #expertMsPerToken: number;
  readonly #pairMs: number;
  readonly #linkMsPerToken: number;

  constructor(model: EngineModel, gpu: GpuDataSheet, layout: EngineLayout, c: Coefficients) {
    const { tensorParallel, dataParallel, precision } = layout;
    const gpus = tensorParallel * dataParallel;
    const { attention, experts } = model;
    const embedding = model.vocabulary * model.hidden;
    const expertParameters = experts?.parameters ?? 0;
    const dense = model.parameters - expertParameters - embedding;
    const bytes = bytesPerParameter(precision);
    const rate = (precision === 'fp8' ? (gpu.fp8Flops ?? gpu.bf16Flops) : gpu.bf16Flops) / 1000;
    const bandwidth = gpu.memoryBytesPerSecond / 1000;

    this.#c = c;
    this.#model = model;
    this.#isGroup = gpus > 1;
    this.#attendedEach = attention.kind === 'latent' ? (attention.attendedTokens ?? NO_LIMIT) : NO_LIMIT;
    this.#fixedMs = c.iterationMs + model.layers * (c.layerMs + (gpus > 1 ? 2 * c.allReduceMs : 0));
    this.#denseReadMs = (dense * bytes.dense) / tensorParallel / (bandwidth * c.weightBandwidth);
    this.#denseMsPerToken = (2 * dense) / gpus / (rate * c.flops);
    this.#expertReadMs = (expertParameters * bytes.expert) / gpus / (bandwidth * c.expertBandwidth);
    const active = experts === undefined ? 0 : (expertParameters / experts.count) * experts.perToken;
    this.#expertMsPerToken = (2 * active) / gpus / (rate * c.expertFlops);
    const attending = attention.kind === 'grouped' ? (attention.layers ?? model.layers) : model.layers;
    const bf16Rate = gpu.bf16Flops / 1000;
    this.#pairMs = (4 * attention.heads * attention.headSize * attending) / gpus / (bf16Rate * c.attentionFlops);
    const ring = (2 * (tensorParallel - 1)) / tensorParallel;
    this.#linkMsPerToken =
      (2 * model.layers * 2 * model.hidden * ring) / dataParallel / ((gpu.linkBytesPerSecond / 1000) * c.linkBandwidth);

    const shards = attention.kind === 'grouped' ? Math.min(tensorParallel, attention.kvHeads) : 1;
    const kvBytes = (kvElementsPerToken(model) * c.kvElementBytes) / shards;
    this.kvMsPerToken = kvBytes / dataParallel / (bandwidth * c.kvBandwidth);
    const weights = ((dense + 2 * embedding) * bytes.dense) / tensorParallel + (expertParameters * bytes.expert) / gpus;
    const room = gpu.memoryBytes * c.memoryShare - weights;
    this.kvPoolTokens = Math.max(0, Math.floor((room / kvBytes) * dataParallel));
  }

  /** Of an iteration whose sequences have no context yet: add `kvMsPerToken` for each cached token read. */
  decodeMs(sequences: number): number {
    return this.#fixedMs + sequences * this.#c.sequenceMs + this.#productsMs(sequences);
  }

  iterationMs(work: IterationWork): number {
    const tokens = work.prefillTokens + work.decodeSequences;
    return (
      this.#fixedMs +
      (work.prefillTokens > 0 ? this.#c.prefillMs : 0) +
      work.decodeSequences * this.#c.sequenceMs +
      this.#productsMs(tokens) +
      this.attended(work.decodeSequences, work.contextTokens) * this.kvMsPerToken +
      work.attentionPairs * this.#pairMs
    );
  }

  /** Cached tokens that a step reads: with sparse attention a sequence reads at most so many. */
  attended(sequences: number, contextTokens: number): number {
    return Math.min(contextTokens, sequences * this.#attendedEach);
  }

  /** How many steps the tokens read still grow with the context; Infinity where they always do, or no longer. */
  stepsUntilSparse(sequences: number, contextTokens: number): number {
    const room = sequences * this.#attendedEach - contextTokens;
    return room > 0 ? Math.ceil(room / sequences) : Infinity;
  }

  #productsMs(tokens: number): number {
    const dense = Math.max(this.#denseReadMs, tokens * this.#denseMsPerToken);
    const link = this.#isGroup ? tokens * this.#linkMsPerToken : 0;
    const { experts } = this.#model;
    if (experts === undefined) return dense + link;
    const read = (this.#expertReadMs * expertsTouched(experts, tokens)) / experts.count;
    return dense + link + Math.max(read, tokens * this.#expertMsPerToken);
  }
}
