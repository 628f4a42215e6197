import { registryV1 } from '@ostro/contracts';
import { mainGguf, weightFiles } from './manifest-files.ts';

const hash = Buffer.alloc(32);
const file = (overrides: Partial<registryV1.ManifestFile> = {}) =>
  registryV1.Manifest.fromPartial({
    files: [
      { path: 'm.gguf', sizeBytes: 150n, sha256: hash, chunkSizeBytes: 100n, chunkSha256: [hash, hash], ...overrides },
    ],
  });

describe('weightFiles', () => {
  it('cuts files into the chunks of their manifest', () => {
    const [only] = weightFiles(file());
    expect(only!.chunks.map(({ start, length }) => [start, length])).toEqual([
      [0, 100],
      [100, 50],
    ]);
  });

  it.each([
    ['too few hashes', { chunkSha256: [hash] }],
    ['too many hashes', { chunkSha256: [hash, hash, hash] }],
    ['an empty file', { sizeBytes: 0n, chunkSha256: [] }],
    ['no size of a chunk', { chunkSizeBytes: 0n }],
    ['a path that climbs', { path: '../m.gguf' }],
    ['a path that climbs later', { path: 'a/../../m.gguf' }],
    ['an absolute path', { path: '/m.gguf' }],
    ['a path of another system', { path: 'a\\m.gguf' }],
    ['a hidden name, as the cache uses them', { path: '.complete.json' }],
  ])('refuses %s', (_, overrides) => {
    expect(() => weightFiles(file(overrides))).toThrow(expect.objectContaining({ reason: 'BROKEN_MANIFEST' }));
  });

  it('starts a split model from its first part', () => {
    expect(mainGguf([{ path: 'm-00002-of-2.gguf' }, { path: 'm-00001-of-2.gguf' }, { path: 'a.json' }])).toBe(
      'm-00001-of-2.gguf',
    );
    expect(() => mainGguf([{ path: 'a.safetensors' }])).toThrow(expect.objectContaining({ reason: 'BROKEN_MANIFEST' }));
  });
});
