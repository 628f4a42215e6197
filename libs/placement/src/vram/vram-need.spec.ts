import {
  DEEPSEEK_V3,
  GEMMA_3_270M_Q4_K_M,
  LLAMA_3_1_405B_FP8,
  LLAMA_3_1_70B_W8A8,
  LLAMA_3_1_8B,
  LLAMA_3_8B,
  MISTRAL_7B_Q5_K_M,
} from '../../test/fixtures/model-facts.ts';
import { kvBudget } from './kv-budget.ts';
import type { ModelFactsLike } from './model-facts.ts';
import { vramNeed, type VramNeed, type VramNeedInput } from './vram-need.ts';

const GIB = 2 ** 30;
/** What CUDA reports of an H100 of 80 GB (vLLM pull request 10511). */
const H100_BYTES = Math.round(79.22 * GIB);

function needOf(facts: ModelFactsLike, overrides: Partial<VramNeedInput> = {}): VramNeed {
  return vramNeed({
    facts,
    runtime: 'vllm',
    tensorParallel: 1,
    contextTokens: 8192,
    concurrency: 1,
    kvDtypeBytes: 2,
    ...overrides,
  });
}

describe('vram need against published and measured figures', () => {
  const rows: [string, number, number][] = [
    ['Llama-3-8B bf16: weights, GiB', needOf(LLAMA_3_8B).weightsBytes / GIB, 14.96],
    [
      'Llama-3-8B bf16 on H100 at .90: KV budget, GiB',
      kvBudget(needOf(LLAMA_3_8B), { memoryBytes: H100_BYTES, utilizationMilli: 900 }).bytesEach / GIB,
      53.29,
    ],
    ['the same at TP2: weights each, GiB', needOf(LLAMA_3_8B, { tensorParallel: 2 }).weightsBytes / GIB, 7.48],
    ['the same at TP2: non-torch, GiB', needOf(LLAMA_3_8B, { tensorParallel: 2 }).nonTorchBytes / GIB, 3.58],
    ['the same at TP2: activation, GiB', needOf(LLAMA_3_8B, { tensorParallel: 2 }).activationBytes / GIB, 1.26],
    ['Llama-3.1-8B: weights, GiB', needOf(LLAMA_3_1_8B).weightsBytes / GIB, 14.989],
    ['Llama-3.1-8B: 158,656 tokens, GiB', (needOf(LLAMA_3_1_8B).kvBytesPerToken * 158_656) / GIB, 19.4],
    [
      'Llama-3.1-8B: concurrency at 32k in that cache',
      (needOf(LLAMA_3_1_8B).kvBytesPerToken * 158_656) / needOf(LLAMA_3_1_8B, { contextTokens: 32_768 }).kvBytes,
      4.84,
    ],
    ['Llama-3.1-70B w8a8: weights, GiB', needOf(LLAMA_3_1_70B_W8A8).weightsBytes / GIB, 67.72],
    [
      'Llama-3.1-70B w8a8 on H100 at .98: tokens',
      kvBudget(needOf(LLAMA_3_1_70B_W8A8), { memoryBytes: H100_BYTES, utilizationMilli: 980 }).tokens,
      22_096,
    ],
    [
      'Llama-3.1-405B FP8 at TP8: weights each, GiB',
      needOf(LLAMA_3_1_405B_FP8, { tensorParallel: 8 }).weightsBytes / GIB,
      57.75,
    ],
    [
      'Mistral-7B Q5_K_M at 32k in llama.cpp: all, GiB',
      needOf(MISTRAL_7B_Q5_K_M, { runtime: 'llama-cpp', contextTokens: 32_768 }).totalBytes / GIB,
      11.16,
    ],
    ['gemma-3-270m: bytes per token', needOf(GEMMA_3_270M_Q4_K_M).kvBytesPerToken, 18_462],
  ];

  it.each(rows)('%s: %d is within 3 %% of %d', (_name, computed, published) => {
    expect(Math.abs(computed - published) / published).toBeLessThan(0.03);
  });

  it('has the exact cache sizes of the formulas', () => {
    expect(needOf(LLAMA_3_1_8B).kvBytesPerToken).toBe(128 * 1024);
    expect(needOf(LLAMA_3_1_70B_W8A8).kvBytesPerToken).toBe(320 * 1024);
    expect(needOf(GEMMA_3_270M_Q4_K_M).kvBytesPerToken).toBe(18_432);
    expect(needOf(DEEPSEEK_V3).kvBytesPerToken).toBe(70_272);
  });

  it('has the parts of the llama.cpp row: weights 4.78, cache 4.00, compute buffer 2,144 MiB', () => {
    const need = needOf(MISTRAL_7B_Q5_K_M, { runtime: 'llama-cpp', contextTokens: 32_768 });
    expect((need.weightsBytes / GIB).toFixed(2)).toBe('4.78');
    expect(need.kvBytes).toBe(4 * GIB);
    expect(need.activationBytes).toBe(2144 * 2 ** 20);
  });

  it('does not trust the name: FP8 is more than a byte a parameter', () => {
    const naive = 405e9 / 8 / GIB;
    expect(needOf(LLAMA_3_1_405B_FP8, { tensorParallel: 8 }).weightsBytes / GIB).toBeGreaterThan(naive * 1.15);
  });

  it('asks for no less than a small model was measured to use on a CPU, and not twice as much', () => {
    const load = { runtime: 'llama-cpp', device: 'cpu', contextTokens: 2048, concurrency: 4 } as const;
    const { perAcceleratorBytes } = needOf(GEMMA_3_270M_Q4_K_M, load);
    expect(perAcceleratorBytes).toBeGreaterThan(638e6);
    expect(perAcceleratorBytes).toBeLessThan(2 * 638e6);
  });
});

describe('vram need', () => {
  it('reserves for graphs what engines report to use, 0.5 to 2.5 GiB', () => {
    const { graphBytes } = needOf(LLAMA_3_8B);
    expect(graphBytes / GIB).toBeGreaterThanOrEqual(0.5);
    expect(graphBytes / GIB).toBeLessThanOrEqual(2.5);
  });

  const cacheEach = (need: VramNeed): number =>
    need.perAcceleratorBytes - need.weightsBytes - need.activationBytes - need.nonTorchBytes - need.graphBytes;

  it('divides the cache by no more ranks than there are KV heads', () => {
    const narrow = { ...LLAMA_3_1_8B, kvHeads: 2 };
    expect(cacheEach(needOf(narrow, { tensorParallel: 8 }))).toBe(needOf(narrow).kvBytes / 2);
    expect(cacheEach(needOf(LLAMA_3_1_8B, { tensorParallel: 8 }))).toBe(needOf(LLAMA_3_1_8B).kvBytes / 8);
  });

  it('gives every rank the whole latent', () => {
    const need = needOf(DEEPSEEK_V3, { tensorParallel: 8 });
    expect(cacheEach(need)).toBe(need.kvBytes);
    expect(need.kvBytesPerTokenEach).toBe(need.kvBytesPerToken);
  });

  it('lets llama.cpp divide by layers, whatever the KV heads', () => {
    const need = needOf(GEMMA_3_270M_Q4_K_M, { runtime: 'llama-cpp', tensorParallel: 2 });
    expect(cacheEach(need)).toBe(need.kvBytes / 2);
  });

  it('caps sliding layers at their window and one step, and never above a full layer', () => {
    const perLayer = 1024;
    const load = { runtime: 'llama-cpp', contextTokens: 32_768 } as const;
    expect(needOf(GEMMA_3_270M_Q4_K_M, load).kvBytes).toBe(perLayer * (3 * 32_768 + 15 * (512 + 512)));
    expect(needOf(GEMMA_3_270M_Q4_K_M, { ...load, contextTokens: 256 }).kvBytes).toBe(perLayer * 18 * 256);
    const allSlide = { ...GEMMA_3_270M_Q4_K_M, slidingWindow: { tokens: 512, layers: null } };
    expect(needOf(allSlide, load).kvBytes).toBe(perLayer * 18 * (512 + 512));
  });

  it('counts only layers that keep a cache', () => {
    const hybrid = { ...LLAMA_3_1_8B, kvHeadsPerLayer: Array.from({ length: 32 }, (_, at) => (at % 4 === 3 ? 8 : 0)) };
    expect(needOf(hybrid).kvBytesPerToken).toBe(needOf(LLAMA_3_1_8B).kvBytesPerToken / 4);
  });

  it('grows with promised context and concurrency alike, and halves with FP8 cache', () => {
    const one = needOf(LLAMA_3_1_8B).kvBytes;
    expect(needOf(LLAMA_3_1_8B, { concurrency: 4 }).kvBytes).toBe(4 * one);
    expect(needOf(LLAMA_3_1_8B, { contextTokens: 4 * 8192 }).kvBytes).toBe(4 * one);
    expect(needOf(LLAMA_3_1_8B, { kvDtypeBytes: 1 }).kvBytes).toBe(one / 2);
  });

  it('prefers what agents measured over guesses', () => {
    const learned = { weightsBytes: 1000, activationBytes: 100, nonTorchBytes: 10, graphBytes: 1 };
    const need = needOf(LLAMA_3_1_8B, { learned });
    expect(need).toMatchObject(learned);
    expect(need.perAcceleratorBytes).toBe(1111 + need.kvBytes);
  });

  it.each<[string, Partial<VramNeedInput>]>([
    ['tensorParallel', { tensorParallel: 0 }],
    ['tensorParallel', { tensorParallel: 1.5 }],
    ['concurrency', { concurrency: Number.NaN }],
    ['concurrency', { concurrency: 1e12 }],
    ['contextTokens', { contextTokens: 131_073 }],
    ['contextTokens', { contextTokens: -1 }],
    ['kvDtypeBytes', { kvDtypeBytes: 0 }],
    ['kvDtypeBytes', { kvDtypeBytes: Number.NaN }],
    ['learned.graphBytes', { learned: { graphBytes: -1 } }],
    ['layers', { facts: { ...LLAMA_3_1_8B, layers: 0 } }],
    ['kvHeads', { facts: { ...LLAMA_3_1_8B, kvHeads: Number.NaN } }],
    ['weightBytes', { facts: { ...LLAMA_3_1_8B, weightBytes: 2n ** 60n } }],
    ['weightBytes', { facts: { ...LLAMA_3_1_8B, weightBytes: -1 } }],
    ['slidingWindow.layers', { facts: { ...LLAMA_3_1_8B, slidingWindow: { tokens: 512, layers: 33 } } }],
    ['kvHeadsPerLayer', { facts: { ...LLAMA_3_1_8B, kvHeadsPerLayer: [8] } }],
  ])('refuses a %s that makes no sense', (field, overrides) => {
    expect(() => needOf(LLAMA_3_1_8B, overrides)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }),
    );
  });
});

describe('kv budget', () => {
  it('is nothing, not negative, where the weights do not fit', () => {
    const need = needOf(LLAMA_3_1_70B_W8A8);
    expect(kvBudget(need, { memoryBytes: 24 * GIB, utilizationMilli: 900 })).toEqual({ bytesEach: 0, tokens: 0 });
  });

  it.each([
    { memoryBytes: Number.NaN, utilizationMilli: 900 },
    { memoryBytes: 80 * GIB, utilizationMilli: 1001 },
    { memoryBytes: 80 * GIB, utilizationMilli: 0.9 },
  ])('refuses %j', (accelerator) => {
    expect(() => kvBudget(needOf(LLAMA_3_8B), accelerator)).toThrow(/must be a whole number/);
  });
});
