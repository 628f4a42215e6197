import type { ModelServerSpec } from './runtime.ts';

/** The key travels in the environment: arguments can be read by every user of the machine. */
export const LLAMA_SERVER_KEY_VARIABLE = 'LLAMA_API_KEY';

export interface LlamaServerOptions {
  readonly port: number;
  /** 0 keeps the model on the processor. */
  readonly gpuLayers: number;
  /** Prompt cache in host memory. Zero unless the replica serves one organization only. */
  readonly cacheRamMiB: number;
}

/**
 * Arguments for llama.cpp's own server. Context and layers are explicit, because its `--fit` would fill the GPU; its
 * context is the sum over the slots; slots are not saved and similar prompts not matched, so that no state of one
 * organization meets another's request.
 */
export function llamaServerArguments(
  spec: Pick<ModelServerSpec, 'weightsPath' | 'servedName' | 'contextTokens' | 'slots' | 'threads' | 'embedding'>,
  options: LlamaServerOptions,
): string[] {
  const shared = options.cacheRamMiB === 0;
  return [
    ['--model', spec.weightsPath],
    ['--alias', spec.servedName],
    ['--host', '127.0.0.1'],
    ['--port', `${options.port}`],
    ['--ctx-size', `${spec.contextTokens * spec.slots}`],
    ['--parallel', `${spec.slots}`],
    ['--threads', `${spec.threads}`],
    ['--n-gpu-layers', `${options.gpuLayers}`],
    ['--cache-ram', `${options.cacheRamMiB}`],
    ['--metrics'],
    ['--slots'],
    ['--jinja'],
    ['--no-webui'],
    ...(shared ? [['--no-cache-prompt'], ['--slot-prompt-similarity', '0']] : []),
    ...(spec.embedding ? [['--embedding']] : []),
  ].flat();
}
