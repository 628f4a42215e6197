import { readFileSync } from 'node:fs';
import { aGguf, aSafetensors } from '../test/builders.ts';
import { KNOWN_MODELS } from '../test/known-models.ts';
import {
  bytesSource,
  type ModelFacts,
  type ModelFile,
  readFacts,
  readHuggingFaceConfig,
  type WritableValue,
  writeSafetensors,
} from './index.ts';

const count = (value: number): WritableValue => ({ type: 'UINT32', value });
const ggufFile = (bytes: Uint8Array, path = 'model.gguf'): ModelFile => ({ path, source: bytesSource(bytes) });
const textFile = (path: string, content: unknown): ModelFile => ({
  path,
  source: bytesSource(new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content))),
});

const CONFIG = {
  model_type: 'llama',
  num_hidden_layers: 4,
  hidden_size: 64,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  max_position_embeddings: 2_048,
  vocab_size: 100,
};
const config = (changes: object) => readHuggingFaceConfig(JSON.stringify({ ...CONFIG, ...changes }));

describe('facts of a GGUF file', () => {
  it('are what its keys and tensors say', async () => {
    await expect(readFacts([ggufFile(aGguf().bytes)])).resolves.toMatchObject({
      format: 'gguf',
      architecture: 'llama',
      layers: 2,
      kvHeads: 2,
      keyHeadSize: 16,
      vocabularySize: 536,
      quantisation: 'F32',
      weightBytes: 142_656 * 4,
      parameterCount: 142_656,
      isEmbedding: false,
      chatTemplate: expect.stringContaining('<|im_start|>'),
      bosTokenId: 1,
      eosTokenIds: [2, 260],
      licence: 'apache-2.0',
    });
  });

  it('tell how many layers of gemma keep only the window', async () => {
    const facts = await readFacts([ggufFile(gemma())]);
    expect(facts.slidingWindow).toEqual({ tokens: 512, layers: 15 });
    expect(facts.keyHeadSize).toBe(256);
  });

  it('leave out a token id the vocabulary does not have', async () => {
    const facts = await readFacts([ggufFile(aGguf({ keys: { 'tokenizer.ggml.bos_token_id': count(536) } }).bytes)]);
    expect(facts.bosTokenId).toBeNull();
  });

  it('are those of all parts together, in any order', async () => {
    const whole = aGguf();
    const split = (no: number): Record<string, WritableValue> => ({
      'split.no': { type: 'UINT16', value: no },
      'split.count': { type: 'UINT16', value: 2 },
      'split.tensors.count': { type: 'INT32', value: 21 },
    });
    const names = [...whole.landmarks.keys()].filter((key) => key.startsWith('tensor:')).map((key) => key.slice(7));
    const without = (left: readonly string[]) => Object.fromEntries(left.map((name) => [name, undefined]));
    const first = aGguf({ keys: split(0), tensors: without(names.slice(10)) }).bytes;
    const second = aGguf({ keys: split(1), tensors: without(names.slice(0, 10)) }).bytes;
    const facts = await readFacts([ggufFile(second, 'b.gguf'), ggufFile(first, 'a.gguf')]);
    expect(facts).toEqual(await readFacts([ggufFile(whole.bytes)]));
    await expect(readFacts([ggufFile(first)])).rejects.toMatchObject({ reason: 'GGUF_SPLIT' });
    await expect(readFacts([ggufFile(first), ggufFile(first)])).rejects.toMatchObject({ reason: 'GGUF_SPLIT' });
  });

  function gemma(): Uint8Array {
    const { bytes } = aGguf({
      keys: {
        'general.architecture': { type: 'STRING', value: 'gemma3' },
        'gemma3.block_count': count(18),
        'gemma3.context_length': count(32_768),
        'gemma3.embedding_length': count(64),
        'gemma3.feed_forward_length': count(128),
        'gemma3.attention.head_count': count(4),
        'gemma3.attention.head_count_kv': count(1),
        'gemma3.attention.key_length': count(256),
        'gemma3.attention.sliding_window': count(512),
        'gemma3.attention.layer_norm_rms_epsilon': { type: 'FLOAT32', value: 1e-6 },
      },
    });
    return bytes;
  }
});

describe('facts of a Hugging Face repository', () => {
  const files = (...more: ModelFile[]): ModelFile[] => [
    { path: 'model.safetensors', source: bytesSource(aSafetensors()) },
    textFile('config.json', CONFIG),
    ...more,
  ];

  it('join the headers and the texts', async () => {
    const facts = await readFacts(
      files(
        textFile('generation_config.json', { eos_token_id: [7, 8] }),
        textFile('tokenizer_config.json', { chat_template: [{ name: 'default', template: '{{ chat }}' }] }),
        textFile('README.md', '---\nlanguage: en\nlicense: apache-2.0\n---\n# A model'),
      ),
    );
    expect(facts).toMatchObject({
      format: 'safetensors',
      layers: 4,
      kvHeads: 2,
      keyHeadSize: 8,
      quantisation: 'BF16',
      weightBytes: 81,
      parameterCount: 37,
      chatTemplate: '{{ chat }}',
      eosTokenIds: [7, 8],
      licence: 'apache-2.0',
    });
  });

  it('need a config.json that is an object', async () => {
    await expect(readFacts(files().slice(0, 1))).rejects.toMatchObject({ reason: 'CONFIG_MISSING' });
    for (const broken of ['{', '[]', '"x"', '\xff']) {
      const all = [...files().slice(0, 1), textFile('config.json', broken)];
      await expect(readFacts(all)).rejects.toMatchObject({ reason: 'CONFIG_JSON' });
    }
  });

  it('refuse a tensor that is in two shards', async () => {
    const shard = { path: 'model-2.safetensors', source: bytesSource(aSafetensors()) };
    await expect(readFacts(files(shard))).rejects.toMatchObject({ reason: 'SAFETENSORS_SHARD' });
  });

  it('name the field of a config that is not possible', () => {
    expect(() => config({ num_hidden_layers: '4' })).toThrow(/num_hidden_layers is "4", not a whole number/);
    expect(() => config({ hidden_size: 0 })).toThrow(/hidden_size/);
    expect(() => config({ vocab_size: 1e300 })).toThrow(/vocab_size/);
  });

  it('know the forms of attention', () => {
    expect(config({ kv_lora_rank: 512, qk_rope_head_dim: 64, qk_nope_head_dim: 128, v_head_dim: 128 })).toMatchObject({
      latentAttention: { kvLoraRank: 512, ropeHeadSize: 64 },
      keyHeadSize: 192,
      valueHeadSize: 128,
    });
    const kinds = ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'];
    expect(config({ sliding_window: 512, layer_types: kinds }).slidingWindow).toEqual({ tokens: 512, layers: 3 });
    expect(config({ sliding_window: 512, use_sliding_window: false }).slidingWindow).toBeNull();
    expect(config({ sliding_window: 4_096, model_type: 'mistral' }).slidingWindow).toEqual({
      tokens: 4_096,
      layers: 4,
    });
    expect(
      config({ layer_types: ['linear_attention', 'full_attention', 'linear_attention', 'full_attention'] }),
    ).toMatchObject({ kvHeads: 2, kvHeadsPerLayer: [0, 2, 0, 2] });
    expect(config({ text_config: { ...CONFIG, num_hidden_layers: 9 } }).layers).toBe(9);
  });
});

describe('facts of the known models', () => {
  const GIB = 2 ** 30;
  const fixture = (name: string): ModelFacts =>
    JSON.parse(readFileSync(new URL(`../fixtures/${name}.facts.json`, import.meta.url), 'utf8')) as ModelFacts;

  it.each(Object.entries(KNOWN_MODELS))('%s are what the reader says of its header', async (name, files) => {
    await expect(readFacts(files())).resolves.toEqual(fixture(name));
  });

  it.each([
    ['llama-3-8b-bf16', 14.96, 131_072],
    ['llama-3.1-70b-w8a8', 67.72, 327_680],
    ['llama-3.1-405b-fp8', 57.75 * 8, undefined],
    ['mistral-7b-q5_k_m', 4.78, 131_072],
    ['gemma-3-270m-q4_k_m', undefined, 18_432],
  ])('%s have the published size', (name, weightGib, kvTokenBytes) => {
    const facts = fixture(name);
    if (weightGib !== undefined) expect(Math.abs(facts.weightBytes / GIB / weightGib - 1)).toBeLessThan(0.003);
    if (kvTokenBytes !== undefined) {
      expect(facts.layers * facts.kvHeads * (facts.keyHeadSize + facts.valueHeadSize) * 2).toBe(kvTokenBytes);
    }
  });

  it('safetensors with data read like those without', () => {
    const tensor = { name: 'a', dtype: 'F32', shape: [2] };
    const written = writeSafetensors([{ ...tensor, data: new Uint8Array(8) }]);
    expect(written.bytes.length).toBe(written.fileBytes);
    expect(writeSafetensors([tensor]).fileBytes).toBe(written.fileBytes);
  });
});
