/** Engines whose memory we can predict. */
export type RuntimeKind = 'vllm' | 'llama-cpp' | 'simulated';

/** Where the model's memory is: on a GPU, or in the memory of the CPU pseudo-accelerator. */
export type Device = 'gpu' | 'cpu';

/** Memory of a runtime beside weights and KV cache, on each accelerator. */
export interface Overheads {
  /** Context, libraries, allocator slack; on a CPU, the process itself. */
  readonly nonTorchBytes: number;
  /** The same with more than one accelerator: communication buffers. */
  readonly nonTorchInGroupBytes: number;
  /** Peak of intermediate results; undefined where it is computed from the model. */
  readonly activationBytes?: number;
  readonly graphBytes: number;
  /** Tokens of one step, which sliding layers hold beside their windows. */
  readonly stepTokens: number;
  /** Layers go to accelerators whole, instead of every layer being split by KV heads. */
  readonly splitsByLayer: boolean;
}

const GIB = 2 ** 30;

/**
 * First guesses, from published logs; what agents measure replaces them (`LearnedVram`).
 * vLLM on a GPU: non-torch 1.79 GiB (3.58 in a pair) and activation 1.26 GiB are Llama-3-8B on H100 (vLLM pull request
 * 10511); graphs are within the 0.5-2.5 GiB that engines report. On a CPU: three processes of 4 GB with 1 GiB of KV.
 * llama.cpp: CUDA context 0.28 GiB is what Mistral-7B at 32k leaves unexplained; on a CPU its process is 109 MB.
 */
const OVERHEADS: Readonly<Record<RuntimeKind, Readonly<Record<Device, Overheads>>>> = {
  vllm: {
    gpu: {
      nonTorchBytes: Math.round(1.79 * GIB),
      nonTorchInGroupBytes: Math.round(3.58 * GIB),
      activationBytes: Math.round(1.26 * GIB),
      graphBytes: GIB,
      stepTokens: 8192,
      splitsByLayer: false,
    },
    cpu: {
      nonTorchBytes: 3 * GIB,
      nonTorchInGroupBytes: 3 * GIB,
      activationBytes: 0,
      graphBytes: 0,
      stepTokens: 2048,
      splitsByLayer: false,
    },
  },
  'llama-cpp': {
    gpu: {
      nonTorchBytes: Math.round(0.28 * GIB),
      nonTorchInGroupBytes: Math.round(0.28 * GIB),
      graphBytes: 0,
      stepTokens: 512,
      splitsByLayer: true,
    },
    cpu: {
      nonTorchBytes: 109_000_000,
      nonTorchInGroupBytes: 109_000_000,
      graphBytes: 0,
      stepTokens: 512,
      splitsByLayer: true,
    },
  },
  simulated: { gpu: nothing(), cpu: nothing() },
};

function nothing(): Overheads {
  return {
    nonTorchBytes: 0,
    nonTorchInGroupBytes: 0,
    activationBytes: 0,
    graphBytes: 0,
    stepTokens: 0,
    splitsByLayer: false,
  };
}

export function overheadsOf(runtime: RuntimeKind, device: Device): Overheads {
  return OVERHEADS[runtime][device];
}
