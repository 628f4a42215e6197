import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { ContentHasher } from './content-hasher.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('ContentHasher', () => {
  it('hashes the whole and its chunks the same however the bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 50 }),
        (content, portions, chunkSize) => {
          const hasher = new ContentHasher(chunkSize);
          let at = 0;
          for (const size of [...portions, content.length]) {
            hasher.update(content.subarray(at, at + size));
            hasher.digests();
            at = Math.min(content.length, at + size);
          }
          const chunks = Array.from({ length: Math.ceil(content.length / chunkSize) }, (_, index) =>
            sha256(content.subarray(index * chunkSize, (index + 1) * chunkSize)),
          );
          expect(hasher.digests()).toEqual({ sizeBytes: content.length, sha256: sha256(content), chunkSha256: chunks });
        },
      ),
    );
  });
});
