import { vramNeed } from '@ostro/placement';
import { aModel, aSpecRequest } from '../../test/builders.ts';
import { resolveSpec } from './spec.ts';

const facts = aModel().facts!;

describe('a spec', () => {
  it('is resolved with the defaults of the contract', () => {
    expect(resolveSpec(aSpecRequest(), aModel())).toMatchObject({
      runtime: 'llama-cpp',
      concurrency: 4,
      contextTokens: 4096,
      maxOutputTokens: 4096,
      defaultMaxOutputTokens: 4096,
      drainTimeoutMs: 60_000,
      cpuMilli: 1_000,
    });
  });

  it('promises no more context than the model was made for', () => {
    const small = aModel({ facts: { ...facts, contextLength: 2048 } });
    expect(resolveSpec(aSpecRequest(), small)).toMatchObject({ contextTokens: 2048, defaultMaxOutputTokens: 2048 });
    expect(() => resolveSpec(aSpecRequest({ contextTokens: 4096 }), small)).toThrow(/at most 2048/);
  });

  it.each([
    ['safetensors', undefined, 'vllm'],
    ['gguf', undefined, 'llama-cpp'],
    ['gguf', 'simulated', 'simulated'],
    ['safetensors', 'simulated', 'simulated'],
  ] as const)('of a %s model asked to run on %s runs on %s', (format, runtime, expected) => {
    expect(resolveSpec(aSpecRequest({ runtime }), aModel({ format })).runtime).toBe(expected);
  });

  it.each([
    ['gguf', 'vllm'],
    ['safetensors', 'llama-cpp'],
  ] as const)('of a %s model is refused for %s', (format, runtime) => {
    expect(() => resolveSpec(aSpecRequest({ runtime }), aModel({ format }))).toThrow(/spec.runtime/);
  });

  it('refuses more output than context', () => {
    expect(() => resolveSpec(aSpecRequest({ maxOutputTokens: 5_000 }), aModel())).toThrow(/max_output_tokens/);
  });

  describe('needs memory', () => {
    const load = { facts, runtime: 'llama-cpp', contextTokens: 4096, concurrency: 4, kvDtypeBytes: 2 } as const;
    const gpu = (tensorParallel: number) => vramNeed({ ...load, device: 'gpu', tensorParallel }).perAcceleratorBytes;
    const cpu = vramNeed({ ...load, device: 'cpu', tensorParallel: 1 }).perAcceleratorBytes;
    const needOf = (models: string[], count = 0) =>
      resolveSpec(aSpecRequest({ accelerators: { models, count, memoryBytesEach: 0 } }), aModel()).accelerators
        .memoryBytesEach;

    it('for the dearest place it may land on', () => {
      expect(needOf([])).toBe(Math.max(gpu(1), cpu));
      expect(needOf(['CPU'])).toBe(cpu);
      expect(needOf(['H100-80GB'])).toBe(gpu(1));
      expect(needOf([], 2)).toBe(gpu(2));
      expect(gpu(1)).not.toBe(cpu);
    });

    it('as the caller says, when it says so', () => {
      const accelerators = { models: [], count: 1, memoryBytesEach: 123 };
      expect(resolveSpec(aSpecRequest({ accelerators }), aModel()).accelerators.memoryBytesEach).toBe(123);
    });

    it('that must be given when the registry has no facts', () => {
      expect(() => resolveSpec(aSpecRequest(), aModel({ facts: undefined }))).toThrow(/memory_bytes_each/);
    });
  });
});
