import type { Coefficients } from './coefficients.ts';
import type { EngineModel } from './engine-model.ts';
import type { GpuDataSheet } from './gpu.ts';
import {
  attendingLayers,
  expertsTouched,
  kvElementsPerToken,
  kvShards,
  modelSizes,
  type Precision,
} from './model-sizes.ts';

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
    const { attention, layers, hidden } = model;
    const sizes = modelSizes(model, precision);
    const gpus = tensorParallel * dataParallel;
    const ms = { ofByte: 1000 / gpu.memoryBytesPerSecond, ofFlop: 1000 / rateOf(gpu, precision) };

    this.#c = c;
    this.#model = model;
    this.#attendedEach = attendedEach(model);
    this.#fixedMs = c.iterationMs + layers * (c.layerMs + (gpus > 1 ? 2 * c.allReduceMs : 0));
    this.#denseReadMs = ((sizes.denseBytes / tensorParallel) * ms.ofByte) / c.weightBandwidth;
    this.#denseMsPerToken = (((2 * sizes.denseParameters) / gpus) * ms.ofFlop) / c.flops;
    this.#expertReadMs = ((sizes.expertBytes / gpus) * ms.ofByte) / c.expertBandwidth;
    this.#expertMsPerToken = (((2 * sizes.activeExpertParameters) / gpus) * ms.ofFlop) / c.expertFlops;
    const pairFlops = 4 * attention.heads * attention.headSize * attendingLayers(model);
    this.#pairMs = ((pairFlops / gpus) * 1000) / (gpu.bf16Flops * c.attentionFlops);
    // Two all-reduces a layer; in a ring each GPU sends 2 (n - 1) / n of the activations, of 2 bytes each.
    const sent = (2 * layers * 2 * hidden * 2 * (tensorParallel - 1)) / tensorParallel / dataParallel;
    this.#linkMsPerToken = (sent * 1000) / (gpu.linkBytesPerSecond * c.linkBandwidth);

    const kvBytes = (kvElementsPerToken(model) * c.kvElementBytes) / kvShards(model, tensorParallel);
    this.kvMsPerToken = ((kvBytes / dataParallel) * ms.ofByte) / c.kvBandwidth;
    const weights = (sizes.denseBytes + sizes.embeddingBytes) / tensorParallel + sizes.expertBytes / gpus;
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
    const dense = Math.max(this.#denseReadMs, tokens * this.#denseMsPerToken) + tokens * this.#linkMsPerToken;
    const { experts } = this.#model;
    if (experts === undefined) return dense;
    const read = (this.#expertReadMs * expertsTouched(experts, tokens)) / experts.count;
    return dense + Math.max(read, tokens * this.#expertMsPerToken);
  }
}

function rateOf(gpu: GpuDataSheet, precision: Precision): number {
  return precision === 'fp8' ? (gpu.fp8Flops ?? gpu.bf16Flops) : gpu.bf16Flops;
}

function attendedEach({ attention }: EngineModel): number {
  return attention.kind === 'latent' ? (attention.attendedTokens ?? NO_LIMIT) : NO_LIMIT;
}
