/** How an engine schedules its iterations: what its documents say, not fitted. */
export interface EngineKind {
  readonly name: string;
  /** Prefill chunks ride along with decoding; otherwise prefill goes first and decoding stands still meanwhile. */
  readonly isMixed: boolean;
  /** A request is admitted once its whole answer is sure to fit; otherwise once its prompt does, and may be preempted. */
  readonly reservesAnswer: boolean;
  readonly maxSequences: number;
}

/**
 * vLLM V1: chunked prefill mixed with decoding, preemption by recomputing. SGLang: prefill first.
 * TensorRT-LLM: in-flight batching, `GUARANTEED_NO_EVICT` by default.
 */
export const ENGINE_KINDS: Readonly<Record<string, EngineKind>> = {
  vllm: { name: 'vllm', isMixed: true, reservesAnswer: false, maxSequences: 1024 },
  sglang: { name: 'sglang', isMixed: false, reservesAnswer: false, maxSequences: 1024 },
  trtllm: { name: 'trtllm', isMixed: true, reservesAnswer: true, maxSequences: 2048 },
};
