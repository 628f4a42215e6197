import { readFileSync } from 'node:fs';
import { isDomainError } from '@ostro/kernel';
import { aGguf, aSafetensors, withHeader } from '../test/builders.ts';
import { fuzzGguf, fuzzSafetensors } from '../test/fuzz.ts';
import { GGUF_MUTATIONS } from '../test/gguf-mutations.ts';
import { SAFETENSORS_MUTATIONS } from '../test/safetensors-mutations.ts';
import { type ByteSource, bytesSource, readFacts, readSafetensorsHeader, RULES } from './index.ts';

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    if (!isDomainError(error)) throw error;
    expect(error.code).toBe('INVALID_ARGUMENT');
    return error.reason;
  }
}

const facts = (bytes: Uint8Array) => readFacts([{ path: 'model', source: bytesSource(bytes) }]);
const header = (bytes: Uint8Array) => readSafetensorsHeader(bytesSource(bytes));

describe('a damaged or hostile file', () => {
  it('differs from one that is accepted', async () => {
    await expect(facts(aGguf().bytes)).resolves.toMatchObject({ format: 'gguf', layers: 2 });
    await expect(header(aSafetensors())).resolves.toMatchObject({ tensors: { length: 3 } });
  });

  it.each(GGUF_MUTATIONS.map((mutation) => [mutation.name, mutation.rule, mutation.bytes] as const))(
    'GGUF: %s is refused by %s',
    async (_, rule, bytes) => {
      expect(await refusal(facts(bytes()))).toBe(rule);
    },
  );

  it.each(SAFETENSORS_MUTATIONS.map((mutation) => [mutation.name, mutation.rule, mutation.bytes] as const))(
    'safetensors: %s is refused by %s',
    async (_, rule, bytes) => {
      expect(await refusal(header(bytes()))).toBe(rule);
    },
  );

  it('is refused with the name of the tensor, where it lies, and what to do', async () => {
    const overlap = GGUF_MUTATIONS.find(({ name }) => name === 'two tensors in the same place');
    await expect(facts(overlap?.bytes() ?? new Uint8Array())).rejects.toMatchObject({
      details: { tensor: 'blk.0.attn_q.weight', offset: '137216' },
      message: expect.stringMatching(/"blk.0.attn_q.weight" begins at byte 137216 .*Fetch the file again/),
    });
  });
});

describe('damage by chance', () => {
  it('never ends in anything but facts or a refusal by rule', async () => {
    const gguf = await fuzzGguf(1, 400);
    const safetensors = await fuzzSafetensors(1, 2_000);
    expect(Object.keys(gguf.refused).length).toBeGreaterThan(15);
    expect(Object.keys(safetensors.refused).length).toBeGreaterThan(10);
    expect(gguf.accepted).toBeGreaterThan(0);
    expect(safetensors.accepted).toBeGreaterThan(0);
  });
});

describe('memory', () => {
  /** A header of many long names that is never whole in memory: made as it is read. */
  function endlessNames(size: number): ByteSource {
    const encoder = new TextEncoder();
    const entry = (index: number): Uint8Array =>
      encoder.encode(`"${String(index).padStart(500, 'n')}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`);
    const unit = entry(0).length;
    const start = withHeader('{', 0);
    new DataView(start.buffer).setBigUint64(0, BigInt(size - 8), true);
    return {
      size,
      read: (offset, length) => {
        const bytes = new Uint8Array(length);
        for (let index = Math.max(0, Math.floor((offset - 9) / unit)); 9 + index * unit < offset + length; index += 1) {
          const from = 9 + index * unit - offset;
          bytes.set(entry(index).subarray(Math.max(0, -from), length - from), Math.max(0, from));
        }
        if (offset < 9) bytes.set(start.subarray(offset, offset + length));
        return Promise.resolve(bytes);
      },
    };
  }

  it('stays small at a header of 99 MB of names, which is refused', async () => {
    const before = process.memoryUsage().rss;
    expect(await refusal(readSafetensorsHeader(endlessNames(99_000_000)))).toBe('SAFETENSORS_HEADER_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(128_000_000);
  });
});

describe('the README', () => {
  it('lists every rule with what it demands', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
    for (const [rule, demand] of Object.entries(RULES)) {
      expect(readme).toContain(`\`${rule}\``);
      expect(readme).toContain(demand);
    }
  });
});
