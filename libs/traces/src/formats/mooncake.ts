import { MAX_BLOCK_ID, MAX_TOKENS, type RequestFormat } from '../request-format.ts';

/** A chat request with the ids of its prompt's blocks (kvcache-ai/Mooncake, FAST 2025). */
export interface MooncakeRequest {
  readonly timestampMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly hashIds: readonly number[];
}

/** Tokens that one of `hashIds` stands for; the last block of a prompt may be shorter. */
export const MOONCAKE_BLOCK_TOKENS = 512;

export const mooncake: RequestFormat<MooncakeRequest> = {
  name: 'mooncake',
  title: 'chat requests with prefix blocks (Mooncake)',
  notation: 'jsonl',
  columns: ['timestamp', 'input_length', 'output_length', 'hash_ids'],
  row: (fields) => ({
    timestampMs: fields.whole('timestamp', { max: 10 ** 14 }),
    inputTokens: fields.whole('input_length', MAX_TOKENS),
    outputTokens: fields.whole('output_length', MAX_TOKENS),
    hashIds: fields.wholes('hash_ids', MAX_BLOCK_ID),
  }),
  timeColumn: 'timestamp',
  atMs: ({ timestampMs }) => timestampMs,
  request: ({ inputTokens, outputTokens, hashIds }) => ({
    model: 'mooncake',
    inputTokens,
    outputTokens,
    prefix: { blockTokens: MOONCAKE_BLOCK_TOKENS, blocks: hashIds },
  }),
};
