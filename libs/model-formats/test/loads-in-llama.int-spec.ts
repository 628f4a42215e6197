import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isDomainError } from '@ostro/kernel';
import { bytesSource, readFacts, tinyModel, type WritableTensor, type WritableValue } from '../src/index.ts';
import { aGguf } from './builders.ts';
import { damaged, integers } from './fuzz.ts';

interface Outcome {
  readonly modelPath: string;
  readonly loaded: boolean;
  readonly reason?: string;
}

const DAMAGED_FILES = 40;
const PLAIN = tinyModel();

jest.setTimeout(60_000);

const loader = fileURLToPath(new URL('load-in-llama.mjs', import.meta.url));
const text = (value: string): WritableValue => ({ type: 'STRING', value });

/** Of another type, in zeros: the bytes are sized for it. */
const matrix = (type: string, rowBytes: number): Partial<WritableTensor> => ({
  type,
  data: new Uint8Array(64 * rowBytes),
});

/** Files that differ from the plain one in ways a reader could get wrong. */
const ACCEPTED: Readonly<Record<string, () => Uint8Array>> = {
  plain: () => PLAIN,
  'another-seed': () => tinyModel({ seed: 99 }),
  embedding: () => tinyModel({ embedding: true }),
  'version-2': () => aGguf({ version: 2 }).bytes,
  'alignment-64': () => aGguf({ alignment: 64 }).bytes,
  'alignment-4096': () => aGguf({ alignment: 4_096 }).bytes,
  'heads-per-layer': () =>
    aGguf({ keys: { 'llama.attention.head_count_kv': { type: 'ARRAY', of: 'INT32', values: [2, 2] } } }).bytes,
  'types-f16': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('F16', 128) } }).bytes,
  'types-bf16': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('BF16', 128) } }).bytes,
  'types-q8_0': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('Q8_0', 68) } }).bytes,
  'types-q4_0': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('Q4_0', 36) } }).bytes,
  'types-q5_1': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('Q5_1', 48) } }).bytes,
  'types-iq4_nl': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('IQ4_NL', 36) } }).bytes,
  'types-mxfp4': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('MXFP4', 34) } }).bytes,
  'types-nvfp4': () => aGguf({ tensors: { 'blk.0.attn_q.weight': matrix('NVFP4', 36) } }).bytes,
  'long-text': () => aGguf({ keys: { 'note.long': text('x'.repeat(2_000_000)) } }).bytes,
  'long-array': () =>
    aGguf({ keys: { 'note.numbers': { type: 'ARRAY', of: 'FLOAT64', values: new Array<number>(9_000).fill(1) } } })
      .bytes,
  'empty-array': () => aGguf({ keys: { 'note.none': { type: 'ARRAY', of: 'UINT8', values: [] } } }).bytes,
  'odd-token-ids': () => aGguf({ keys: { 'tokenizer.ggml.bos_token_id': { type: 'UINT32', value: 99_999 } } }).bytes,
  'no-template': () => aGguf({ keys: { 'tokenizer.chat_template': undefined } }).bytes,
};

describe('what is accepted loads in llama.cpp', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ostro-model-formats-'));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it('in each of its forms', async () => {
    const files = Object.entries(ACCEPTED).map(([name, bytes]) => [name, bytes()] as const);
    for (const [, bytes] of files) expect(await isAccepted(bytes)).toBe(true);
    expect(await refusedByLlama(files)).toEqual([]);
  });

  it('also where chance has damaged it, and the damage was accepted', async () => {
    const random = integers(11);
    const files: [string, Uint8Array][] = [];
    while (files.length < DAMAGED_FILES) {
      const bytes = damaged(PLAIN, random);
      if (await isAccepted(bytes)) files.push([`damaged-${files.length}`, bytes]);
    }
    expect(await refusedByLlama(files)).toEqual([]);
  });

  async function isAccepted(bytes: Uint8Array): Promise<boolean> {
    try {
      await readFacts([{ path: 'model.gguf', source: bytesSource(bytes) }]);
      return true;
    } catch (error) {
      if (isDomainError(error)) return false;
      throw error;
    }
  }

  /** In a process of its own: what llama.cpp cannot stand makes it abort. */
  async function refusedByLlama(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Promise<Outcome[]> {
    const paths = files.map(([name]) => join(directory, `${name}.gguf`));
    for (const [index, [, bytes]] of files.entries()) await writeFile(paths[index] ?? '', bytes);
    const { stdout } = await promisify(execFile)(process.execPath, [loader, ...paths], { timeout: 60_000 });
    const outcomes = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Outcome);
    expect(outcomes.map(({ modelPath }) => modelPath)).toEqual(paths);
    return outcomes.filter(({ loaded }) => !loaded);
  }
});
