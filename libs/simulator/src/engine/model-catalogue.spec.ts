import { checkEngineModel } from './engine-model.ts';
import { ENGINE_MODELS, engineModel } from './model-catalogue.ts';

describe('the catalogue', () => {
  it.each(ENGINE_MODELS)('has facts of $name that make sense', (model) => {
    expect(() => checkEngineModel(model)).not.toThrow();
    expect(engineModel(model.name)).toBe(model);
  });

  it.each([
    ['meta-llama/Llama-3.1-8B-Instruct', 'Llama-3.1-8B'],
    ['nvidia/Llama-3.1-8B-Instruct-FP8', 'Llama-3.1-8B'],
    ['Qwen/Qwen3-235B-A22B-FP8', 'Qwen3-235B-A22B'],
    ['Qwen/Qwen3-235B-A22B-Instruct-2507', 'Qwen3-235B-A22B'],
    ['deepseek-ai/DeepSeek-R1', 'DeepSeek-R1'],
  ])('finds %s as %s', (published, name) => {
    expect(engineModel(published).name).toBe(name);
  });

  it.each(['Llama-3.1', 'Llama-3.1-8B-Lora', 'Qwen3-80B', ''])('does not guess what "%s" is', (name) => {
    expect(() => engineModel(name)).toThrow(/known are Llama-3.1-8B,/);
  });
});

it.each([
  ['layers', { layers: 0 }],
  ['parameters', { parameters: Number.NaN }],
  ['attention.kvHeads', { attention: { kind: 'grouped', heads: 8, kvHeads: 0, headSize: 128 } }],
  ['experts.perToken', { experts: { count: 8, perToken: 9, parameters: 1 } }],
] as const)('facts without a sensible %s are refused by name', (field, overrides) => {
  const model = { ...engineModel('Llama-3.1-8B'), ...overrides };
  expect(() => checkEngineModel(model)).toThrow(expect.objectContaining({ details: { field } }));
});
