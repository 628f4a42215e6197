import { readFileSync } from 'node:fs';
import { blockHashes, type BlockHashes } from '@ostro/routing';
import { mooncake, MOONCAKE_BLOCK_TOKENS as BLOCK_TOKENS, readRequests } from '@ostro/traces';

export { BLOCK_TOKENS };

/** One request of the trace. */
export interface Arrival {
  /** Since the first request. */
  readonly atMs: number;
  readonly inputTokens: number;
  /** Equal id = equal prompt up to the end of this block. */
  readonly ids: readonly number[];
  readonly blocks: BlockHashes;
}

/**
 * Reads a Mooncake trace.
 * @throws Error naming the file, and of a bad row its line and column.
 */
export function readTrace(file: string): readonly Arrival[] {
  const requests = inFile(file, () => [...readRequests([readFileSync(file)], { format: mooncake })]);
  return requests.map(({ arrivalMs, inputTokens, prefix }) => {
    const ids = prefix?.blocks ?? [];
    return { atMs: arrivalMs, inputTokens, ids, blocks: blockHashes(ids) };
  });
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Puts an organization's system prompt of `blocks` blocks before a share of the requests, conversation by conversation, so
 * that a follow-up keeps the prefix of the turn before. What comes behind another prefix is another block.
 */
export function withHotPrefix(arrivals: readonly Arrival[], share: number, blocks: number): readonly Arrival[] {
  if (share === 0) return arrivals;
  const above = 1 + arrivals.reduce((most, { ids }) => ids.reduce((a, b) => Math.max(a, b), most), 0);
  const prefix = Array.from({ length: blocks }, (_, at) => above + at);
  return arrivals.map((arrival) => {
    const conversation = arrival.ids[1] ?? arrival.ids[0] ?? 0;
    if (mixed(conversation) >= share * 2 ** 32) return arrival;
    const ids = [...prefix, ...arrival.ids.map((id) => above + blocks + id)];
    const inputTokens = arrival.inputTokens + blocks * BLOCK_TOKENS;
    return { ...arrival, ids, inputTokens, blocks: blockHashes(ids) };
  });
}

/** 32 well-mixed bits of a whole number (murmur3's finalizer). */
export function mixed(value: number): number {
  let bits = value ^ 0x9e3779b9;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
