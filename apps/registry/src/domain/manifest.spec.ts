import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalForm, CHUNK_SIZE_BYTES, type Manifest, type ManifestFile, parseDigest } from './manifest.ts';

const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const path = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((text) => text.isWellFormed());
const file: fc.Arbitrary<ManifestFile> = fc.record({
  path,
  sizeBytes: fc.integer({ min: 1, max: 2 ** 50 }),
  sha256: hex,
  chunkSizeBytes: fc.constant(CHUNK_SIZE_BYTES),
  chunkSha256: fc.array(hex, { minLength: 1, maxLength: 3 }),
});
const manifest: fc.Arbitrary<Manifest> = fc.record({
  files: fc.uniqueArray(file, { minLength: 1, maxLength: 5, selector: (each) => each.path }),
  chatTemplateSha256: fc.option(hex),
});

describe('the canonical form of a manifest', () => {
  it('is these bytes, for ever', () => {
    const form = canonicalForm({
      files: [
        { path: 'b\n"ü".gguf', sizeBytes: 3, sha256: 'b'.repeat(64), chunkSizeBytes: 2, chunkSha256: ['1', '2'] },
        { path: 'a', sizeBytes: 1, sha256: 'a'.repeat(64), chunkSizeBytes: 2, chunkSha256: ['3'] },
      ],
      chatTemplateSha256: null,
    });
    expect(form).toBe(
      `ostro.manifest.v1\nchat-template -\nfile 1 ${'a'.repeat(64)} 2 "a"\nchunk 3\n` +
        `file 3 ${'b'.repeat(64)} 2 "b\\n\\"ü\\".gguf"\nchunk 1\nchunk 2\n`,
    );
    expect(createHash('sha256').update(form).digest('hex')).toBe(
      createHash('sha256').update(Buffer.from(form, 'utf8')).digest('hex'),
    );
  });

  it('orders paths by their bytes', () => {
    const paths = ['\u{1F600}', '\uFFFD', 'ab', 'a', 'A/b', 'é'];
    const files = paths.map((each) => ({ ...emptyFile, path: each }));
    const order = [...canonicalForm({ files, chatTemplateSha256: null }).matchAll(/^file .* "(.*)"$/gm)];
    expect(order.map(([, each]) => each)).toEqual(['A/b', 'a', 'ab', 'é', '\uFFFD', '\u{1F600}']);
  });

  it('does not depend on the order of files', () => {
    fc.assert(
      fc.property(manifest, fc.infiniteStream(fc.nat()), (given, keys) => {
        const shuffled = given.files
          .map((each) => ({ each, key: keys.next().value }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ each }) => each);
        expect(canonicalForm({ ...given, files: shuffled })).toBe(canonicalForm(given));
      }),
    );
  });

  it('differs for any two manifests that differ', () => {
    fc.assert(
      fc.property(manifest, manifest, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(canonicalForm(a) === canonicalForm(b)).toBe(same);
      }),
    );
  });

  it('changes with any bit of any digest, size or path', () => {
    fc.assert(
      fc.property(manifest, fc.nat(), fc.nat(), (given, which, bit) => {
        for (const changed of flips(given, which, bit)) expect(canonicalForm(changed)).not.toBe(canonicalForm(given));
      }),
    );
  });
});

describe('a digest', () => {
  it.each([
    '',
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha512:${'a'.repeat(64)}`,
    'a'.repeat(64),
  ])('is not %j', (text) => {
    expect(() => parseDigest(text, 'digest')).toThrow(expect.objectContaining({ reason: 'INVALID_DIGEST' }));
  });
});

const emptyFile = { sizeBytes: 1, sha256: '0'.repeat(64), chunkSizeBytes: 1, chunkSha256: [] };

function sorted({ files, chatTemplateSha256 }: Manifest) {
  const plain = files.map((each) => [each.path, each.sizeBytes, each.sha256, each.chunkSizeBytes, each.chunkSha256]);
  return [plain.map((each) => JSON.stringify(each)).toSorted(), chatTemplateSha256];
}

function flipped(digest: string, bit: number): string {
  const bytes = Buffer.from(digest, 'hex');
  bytes[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
  return bytes.toString('hex');
}

/** The manifest with one bit changed, in each kind of place. */
function* flips(given: Manifest, which: number, bit: number): Generator<Manifest> {
  const index = which % given.files.length;
  const at = given.files[index]!;
  const chunk = bit % at.chunkSha256.length;
  const replace = (changed: Partial<ManifestFile>) => ({
    ...given,
    files: given.files.with(index, { ...at, ...changed }),
  });
  yield replace({ sha256: flipped(at.sha256, bit) });
  yield replace({ chunkSha256: at.chunkSha256.with(chunk, flipped(at.chunkSha256[chunk]!, bit)) });
  yield replace({ sizeBytes: at.sizeBytes + 1 });
  yield replace({ chunkSizeBytes: at.chunkSizeBytes + 1 });
  yield replace({ path: `${at.path}\u0000` });
  yield { ...given, chatTemplateSha256: flipped(given.chatTemplateSha256 ?? '0'.repeat(64), bit) };
}
