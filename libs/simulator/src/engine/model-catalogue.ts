import { DomainError } from '@ostro/kernel';
import type { EngineModel } from './engine-model.ts';

const LLAMA_8B: EngineModel = {
  name: 'Llama-3.1-8B',
  layers: 32,
  hidden: 4096,
  attention: { kind: 'grouped', heads: 32, kvHeads: 8, headSize: 128 },
  vocabulary: 128_256,
  parameters: 8_030_261_248,
  contextTokens: 131_072,
};

const LLAMA_70B: EngineModel = {
  name: 'Llama-3.1-70B',
  layers: 80,
  hidden: 8192,
  attention: { kind: 'grouped', heads: 64, kvHeads: 8, headSize: 128 },
  vocabulary: 128_256,
  parameters: 70_553_706_496,
  contextTokens: 131_072,
};

/** Routed experts: layers x experts x 3 matrices x hidden x width. */
function routed(layers: number, count: number, perToken: number, [hidden, width]: readonly [number, number]) {
  return { count, perToken, parameters: layers * count * 3 * hidden * width };
}

const DEEPSEEK_V3: EngineModel = {
  name: 'DeepSeek-V3',
  layers: 61,
  hidden: 7168,
  attention: { kind: 'latent', heads: 128, kvRank: 512, ropeSize: 64, headSize: 160 },
  vocabulary: 129_280,
  parameters: 671_026_419_200,
  experts: routed(58, 256, 8, [7168, 2048]),
  contextTokens: 163_840,
};

/** Public models whose time has been measured, or that are often asked for; from their published configurations. */
export const ENGINE_MODELS: readonly EngineModel[] = [
  LLAMA_8B,
  LLAMA_70B,
  DEEPSEEK_V3,
  { ...DEEPSEEK_V3, name: 'DeepSeek-R1' },
  {
    name: 'Qwen3-235B-A22B',
    layers: 94,
    hidden: 4096,
    attention: { kind: 'grouped', heads: 64, kvHeads: 4, headSize: 128 },
    vocabulary: 151_936,
    parameters: 235_093_634_560,
    experts: routed(94, 128, 8, [4096, 1536]),
    contextTokens: 131_072,
  },
  {
    name: 'MiniMax-M2.5',
    layers: 62,
    hidden: 3072,
    attention: { kind: 'grouped', heads: 48, kvHeads: 8, headSize: 128 },
    vocabulary: 200_064,
    parameters: 228_689_748_992,
    experts: routed(62, 256, 8, [3072, 1536]),
    contextTokens: 196_608,
  },
  {
    name: 'Kimi-K2.5',
    layers: 61,
    hidden: 7168,
    attention: { kind: 'latent', heads: 64, kvRank: 512, ropeSize: 64, headSize: 160 },
    vocabulary: 163_840,
    parameters: 1_026_408_232_448,
    experts: routed(60, 384, 8, [7168, 2048]),
    contextTokens: 262_144,
  },
  {
    name: 'GLM-5',
    layers: 78,
    hidden: 6144,
    attention: { kind: 'latent', heads: 64, kvRank: 512, ropeSize: 64, headSize: 256, attendedTokens: 2048 },
    vocabulary: 154_880,
    parameters: 744_000_000_000,
    experts: routed(75, 256, 8, [6144, 2048]),
    contextTokens: 202_752,
  },
  {
    name: 'Qwen3.5-397B-A17B',
    layers: 60,
    hidden: 4096,
    attention: { kind: 'grouped', heads: 32, kvHeads: 2, headSize: 256, layers: 15 },
    vocabulary: 248_320,
    parameters: 397_000_000_000,
    experts: routed(60, 512, 10, [4096, 1024]),
    contextTokens: 262_144,
  },
  {
    name: 'Qwen3-32B',
    layers: 64,
    hidden: 5120,
    attention: { kind: 'grouped', heads: 64, kvHeads: 8, headSize: 128 },
    vocabulary: 151_936,
    parameters: 32_762_123_264,
    contextTokens: 131_072,
  },
  {
    name: 'Qwen3-30B-A3B',
    layers: 48,
    hidden: 2048,
    attention: { kind: 'grouped', heads: 32, kvHeads: 4, headSize: 128 },
    vocabulary: 151_936,
    parameters: 30_532_122_624,
    experts: routed(48, 128, 8, [2048, 768]),
    contextTokens: 131_072,
  },
  {
    name: 'Qwen3-8B',
    layers: 36,
    hidden: 4096,
    attention: { kind: 'grouped', heads: 32, kvHeads: 8, headSize: 128 },
    vocabulary: 151_936,
    parameters: 8_190_735_360,
    contextTokens: 131_072,
  },
  {
    name: 'gpt-oss-120b',
    layers: 36,
    hidden: 2880,
    attention: { kind: 'grouped', heads: 64, kvHeads: 8, headSize: 64, layers: 18 },
    vocabulary: 201_088,
    parameters: 116_829_156_672,
    experts: routed(36, 128, 4, [2880, 2880]),
    contextTokens: 131_072,
  },
  {
    name: 'gpt-oss-20b',
    layers: 24,
    hidden: 2880,
    attention: { kind: 'grouped', heads: 64, kvHeads: 8, headSize: 64, layers: 12 },
    vocabulary: 201_088,
    parameters: 20_914_757_184,
    experts: routed(24, 32, 4, [2880, 2880]),
    contextTokens: 131_072,
  },
  {
    name: 'Mixtral-8x7B',
    layers: 32,
    hidden: 4096,
    attention: { kind: 'grouped', heads: 32, kvHeads: 8, headSize: 128 },
    vocabulary: 32_000,
    parameters: 46_702_792_704,
    experts: routed(32, 8, 2, [4096, 14_336]),
    contextTokens: 32_768,
  },
  { ...LLAMA_70B, name: 'Llama-3.3-70B' },
  { ...DEEPSEEK_V3, name: 'DeepSeek-V3.1' },
];

/**
 * Facts of a public model by the name it is published under, with or without its publisher, variant (`-Instruct`) and
 * precision (`-FP8`), which change weights but not shapes.
 * @throws DomainError NOT_FOUND (UNKNOWN_MODEL) naming those that are known.
 */
export function engineModel(name: string): EngineModel {
  const plain = (name.split('/').at(-1) ?? name).toLowerCase();
  const matches = ENGINE_MODELS.filter((model) => isVariant(plain, model.name.toLowerCase()));
  const longest = matches.reduce<EngineModel | undefined>(
    (best, each) => (best === undefined || each.name.length > best.name.length ? each : best),
    undefined,
  );
  if (longest !== undefined) return longest;
  throw new DomainError(
    'NOT_FOUND',
    'UNKNOWN_MODEL',
    `no facts of model "${name}"; known are ${ENGINE_MODELS.map((model) => model.name).join(', ')}; give its facts instead`,
    { details: { field: 'model' } },
  );
}

const VARIANT = /^(-(instruct|chat|base|fp8|fp4|nvfp4|int4|awq|gptq|w4a16|w8a8|bf16|thinking|\d{4}))*$/;

function isVariant(name: string, known: string): boolean {
  return name.startsWith(known) && VARIANT.test(name.slice(known.length));
}
