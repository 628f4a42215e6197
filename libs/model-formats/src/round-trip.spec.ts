import fc from 'fast-check';
import {
  bytesSource,
  readGgufHeader,
  readSafetensorsHeader,
  tinyModel,
  type WritableValue,
  writeGguf,
  writeSafetensors,
} from './index.ts';

const key = fc.stringMatching(/^[a-z][a-z0-9_.]{0,30}$/);
const text = fc.string({ unit: 'grapheme', maxLength: 50 }).filter((value) => !value.includes('\0'));
const value: fc.Arbitrary<WritableValue> = fc.oneof(
  text.map((content) => ({ type: 'STRING', value: content }) as const),
  fc.boolean().map((content) => ({ type: 'BOOL', value: content }) as const),
  fc.nat(255).map((content) => ({ type: 'UINT8', value: content }) as const),
  fc.integer({ min: -32_768, max: 32_767 }).map((content) => ({ type: 'INT16', value: content }) as const),
  fc.integer().map((content) => ({ type: 'INT32', value: content }) as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((content) => ({ type: 'UINT64', value: content }) as const),
  fc.double({ noNaN: true }).map((content) => ({ type: 'FLOAT64', value: content }) as const),
  fc.array(fc.integer(), { maxLength: 20 }).map((values) => ({ type: 'ARRAY', of: 'INT32', values }) as const),
  fc.array(text, { maxLength: 20 }).map((values) => ({ type: 'ARRAY', of: 'STRING', values }) as const),
);
const metadata = fc.uniqueArray(fc.tuple(key, value), {
  selector: ([name]) => name,
  maxLength: 20,
});
const dims = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
const shapes = fc.uniqueArray(fc.tuple(key, dims), { selector: ([name]) => name, maxLength: 12 });
const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

describe('what is written', () => {
  it('is read again: GGUF of any keys, shapes and alignment', async () => {
    const alignment = fc.constantFrom(32, 64, 4_096, 65_536);
    await fc.assert(
      fc.asyncProperty(metadata, shapes, alignment, async (pairs, tensors, align) => {
        const own = pairs.filter(([name]) => name !== 'general.alignment');
        const { bytes } = writeGguf({
          metadata: own,
          alignment: align,
          tensors: tensors.map(([name, shape]) => ({
            name,
            dims: shape,
            type: 'F16',
            data: new Uint8Array(product(shape) * 2),
          })),
        });
        const header = await readGgufHeader(bytesSource(bytes));
        expect(header.alignment).toBe(align);
        expect(header.tensors.map(({ name, dims: shape }) => [name, shape])).toEqual(tensors);
        for (const [name, written] of own) {
          const read = header.metadata.get(name);
          if (written.type !== 'ARRAY') expect(read).toMatchObject(written);
          else expect(read).toMatchObject({ of: written.of, count: written.values.length });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is read again: safetensors of any names and shapes', async () => {
    const names = fc.uniqueArray(
      fc.tuple(
        text.filter((name) => name !== '' && name !== '__metadata__'),
        dims,
      ),
      {
        selector: ([name]) => name,
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(names, text, async (tensors, note) => {
        const file = tensors.map(([name, shape]) => ({
          name,
          shape,
          dtype: 'F16',
          data: new Uint8Array(product(shape) * 2),
        }));
        const header = await readSafetensorsHeader(bytesSource(writeSafetensors(file, { note }).bytes));
        expect(header.metadata.get('note')).toBe(note);
        expect(new Map(header.tensors.map(({ name, shape }) => [name, shape]))).toEqual(new Map(tensors));
      }),
      { numRuns: 200 },
    );
  });

  it('is refused wherever it is cut short', async () => {
    const { bytes } = writeGguf({
      metadata: [['a.list', { type: 'ARRAY', of: 'STRING', values: ['x', 'yy'] }]],
      tensors: [{ name: 'a', dims: [16], type: 'F32', data: new Uint8Array(64) }],
    });
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(readGgufHeader(bytesSource(bytes.subarray(0, length)))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});

describe('the tiny model', () => {
  it('is the same for the same seed and another for another', () => {
    expect(tinyModel({ seed: 7 })).toEqual(tinyModel({ seed: 7 }));
    expect(tinyModel({ seed: 7 })).not.toEqual(tinyModel({ seed: 8 }));
    expect(tinyModel().length).toBe(583_904);
  });
});
