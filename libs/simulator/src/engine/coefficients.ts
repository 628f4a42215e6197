import type { FrontendCosts } from './frontend.ts';

/**
 * How far an engine stays behind the data sheets, what it adds, and (the last four) how it is set up. All are fitted
 * (`coefficients.data.ts`); none depends on the load, so that one set answers for every length and concurrency.
 */
export interface Coefficients extends FrontendCosts {
  /** Of an iteration, whatever it does: scheduling, sampling, copying tokens back. */
  readonly iterationMs: number;
  /** Of a layer: kernel launches and their tails; with tensor parallelism two all-reduces on top. */
  readonly layerMs: number;
  readonly allReduceMs: number;
  /** Of a sequence that decodes. */
  readonly sequenceMs: number;
  /** Share of the memory bandwidth that reading weights reaches. */
  readonly weightBandwidth: number;
  /** The same for experts, whose pieces are small. */
  readonly expertBandwidth: number;
  /** The same for the KV cache. */
  readonly kvBandwidth: number;
  /** Share of the peak rate that matrix products reach. */
  readonly flops: number;
  readonly expertFlops: number;
  /** The same for attention in prefill. */
  readonly attentionFlops: number;
  /** Share of the link bandwidth that all-reduces reach. */
  readonly linkBandwidth: number;
  /** Of an iteration that prefills: it runs without a captured graph. */
  readonly prefillMs: number;
  /** Share of GPU memory that weights and KV cache may use together. */
  readonly memoryShare: number;
  /** Tokens of one iteration at most, in prefill and decode together. */
  readonly tokenBudget: number;
  /** Sequences that the engine keeps for itself of those it was configured for. */
  readonly reservedSequences: number;
  /** Bytes of one cached element. */
  readonly kvElementBytes: number;
}
