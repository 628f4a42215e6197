import { readFileSync } from 'node:fs';
import { blockHashes, type BlockHashes } from '@ostro/routing';

/** Tokens of a block of the trace. */
export const BLOCK_TOKENS = 512;

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
 * Reads a Mooncake trace: JSON lines of `timestamp` (ms, rising), `input_length` and `hash_ids`.
 * @throws Error naming the line and the field.
 */
export function readTrace(file: string): readonly Arrival[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Error(`${file} has no requests`);
  let first: number | undefined;
  let last = 0;
  return lines.map((line, at) => {
    const row = parsed(line, `${file}:${at + 1}`);
    const timestamp = count(row['timestamp'], 'timestamp', `${file}:${at + 1}`);
    first ??= timestamp;
    if (timestamp < last)
      throw new Error(`${file}:${at + 1}: timestamp ${timestamp} is before ${last}; sort the trace`);
    last = timestamp;
    const inputTokens = count(row['input_length'], 'input_length', `${file}:${at + 1}`);
    const ids = row['hash_ids'];
    if (!Array.isArray(ids)) throw new Error(`${file}:${at + 1}: hash_ids must be a list of whole numbers`);
    ids.forEach((id) => count(id, 'hash_ids', `${file}:${at + 1}`));
    return { atMs: timestamp - first, inputTokens, ids, blocks: blockHashes(ids) };
  });
}

/**
 * Puts a tenant's system prompt of `blocks` blocks before a share of the requests, conversation by conversation, so
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

function parsed(line: string, place: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row === 'object' && row !== null) return row as Record<string, unknown>;
  } catch (error) {
    throw new Error(`${place}: not a JSON object: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`${place}: not a JSON object`);
}

function count(value: unknown, field: string, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${place}: ${field} must be a whole number of at least 0, not ${JSON.stringify(value)}`);
}
