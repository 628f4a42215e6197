import { PLAIN as GUESS } from '../../test/builders.ts';
import { GPU_DATA_SHEETS } from './gpu.ts';
import { type EngineLayout, IterationModel } from './iteration-model.ts';
import { engineModel } from './model-catalogue.ts';
import { expertsTouched, kvElementsPerToken } from './model-sizes.ts';

const H100 = GPU_DATA_SHEETS['H100-80GB']!;
const ONE: EngineLayout = { tensorParallel: 1, dataParallel: 1, precision: 'bf16' };
/** The data sheet alone: everything reached, nothing added. */
const PERFECT = {
  ...GUESS,
  iterationMs: 0,
  layerMs: 0,
  allReduceMs: 0,
  sequenceMs: 0,
  prefillMs: 0,
  weightBandwidth: 1,
  kvBandwidth: 1,
  flops: 1,
  attentionFlops: 1,
};

function model(name: string, layout: Partial<EngineLayout> = {}, coefficients = PERFECT): IterationModel {
  return new IterationModel(engineModel(name), H100, { ...ONE, ...layout }, coefficients);
}

describe('the time of an iteration', () => {
  it('is that of reading the weights once for one sequence: 7.5 G parameters x 2 bytes at 3.35 TB/s', () => {
    expect(model('Llama-3.1-8B').decodeMs(1)).toBeCloseTo(((8_030_261_248 - 128_256 * 4096) * 2) / 3.35e9, 6);
  });

  it('bends where products take longer than reading, at the ratio of rate and bandwidth (295 tokens)', () => {
    const perfect = model('Llama-3.1-8B');
    expect(perfect.decodeMs(295)).toBe(perfect.decodeMs(1));
    expect(perfect.decodeMs(590)).toBeCloseTo(2 * perfect.decodeMs(295), 1);
  });

  it('reads 128 KiB of KV cache for each token of context', () => {
    expect(kvElementsPerToken(engineModel('Llama-3.1-8B')) * 2).toBe(128 * 1024);
    expect(model('Llama-3.1-8B').kvMsPerToken).toBeCloseTo((128 * 1024) / 3.35e9, 12);
  });

  it('of prefill is 2 flops for each parameter and token, and attention over the pairs', () => {
    const tokens = 4096;
    const work = { prefillTokens: tokens, attentionPairs: tokens ** 2 / 2, decodeSequences: 0, contextTokens: 0 };
    const products = (2 * (8_030_261_248 - 128_256 * 4096) * tokens) / 989e9;
    const attention = (4 * 32 * 128 * 32 * tokens ** 2) / 2 / 989e9;
    expect(model('Llama-3.1-8B').iterationMs(work)).toBeCloseTo(products + attention, 6);
  });

  it.each([
    ['more sequences', (m: IterationModel) => [m.decodeMs(8), m.decodeMs(400)]],
    ['more prompt', (m: IterationModel) => [prefillMs(m, 100), prefillMs(m, 8000)]],
  ])('grows with %s', (_, times) => {
    const [less, more] = times(model('Qwen3-235B-A22B', { tensorParallel: 8, precision: 'fp8' }, GUESS));
    expect(less).toBeLessThan(more!);
  });

  it('falls with tensor parallelism by less than the number of GPUs', () => {
    const alone = model('Llama-3.1-70B', {}, GUESS).decodeMs(16);
    const four = model('Llama-3.1-70B', { tensorParallel: 4 }, GUESS).decodeMs(16);
    expect(four).toBeLessThan(alone / 2);
    expect(four).toBeGreaterThan(alone / 4);
  });

  it('adds two all-reduces for each layer of a group', () => {
    const layout = { tensorParallel: 2 };
    const without = model('Llama-3.1-8B', layout, { ...GUESS, allReduceMs: 0 }).decodeMs(1);
    expect(model('Llama-3.1-8B', layout, { ...GUESS, allReduceMs: 0.01 }).decodeMs(1) - without).toBeCloseTo(0.64, 9);
  });

  it('stops growing with the context where attention is sparse', () => {
    const sparse = model('GLM-5', { tensorParallel: 8, precision: 'fp8' });
    expect(sparse.attended(4, 4 * 1000)).toBe(4000);
    expect(sparse.attended(4, 4 * 9000)).toBe(4 * 2048);
    expect(sparse.stepsUntilSparse(4, 4 * 2000)).toBe(48);
    expect(model('Llama-3.1-8B').attended(0, 0)).toBe(0);
  });
});

describe('the KV cache', () => {
  it('gets what weights leave of the memory share', () => {
    const weights = (8_030_261_248 + 128_256 * 4096) * 2;
    const tokens = Math.floor((H100.memoryBytes * 0.88 - weights) / (128 * 1024));
    expect(model('Llama-3.1-8B', {}, { ...PERFECT, memoryShare: 0.88 }).kvPoolTokens).toBe(tokens);
  });

  it('is copied, not divided, beyond the number of KV heads, and for a latent always', () => {
    const pool = (name: string, tensorParallel: number) =>
      model(name, { tensorParallel, precision: 'fp8' }, GUESS).kvMsPerToken;
    expect(pool('Qwen3-235B-A22B', 8)).toBe(pool('Qwen3-235B-A22B', 4));
    expect(pool('DeepSeek-V3', 8)).toBe(pool('DeepSeek-V3', 16));
  });

  it('has no room when the weights do not fit', () => {
    expect(model('Llama-3.1-70B').kvPoolTokens).toBe(0);
  });
});

describe('experts', () => {
  it.each([
    [1, 8],
    [2, 8 + 8 * (1 - 8 / 128)],
    [10_000, 128],
  ])('%i tokens use %f of 128', (tokens, expected) => {
    expect(expertsTouched({ count: 128, perToken: 8, parameters: 1 }, tokens)).toBeCloseTo(expected, 9);
  });
});

function prefillMs(iteration: IterationModel, prefillTokens: number): number {
  return iteration.iterationMs({ prefillTokens, attentionPairs: 0, decodeSequences: 0, contextTokens: 0 });
}
