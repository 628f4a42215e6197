import { aCluster, aNode, aRequest } from '../../test/builders.ts';
import { weightsCached } from './weights-cached.ts';

describe('weights-cached', () => {
  const score = weightsCached.prepare(aRequest({ modelDigest: 'sha256:wanted' }), aCluster().context);
  const nothing = { vram: [], hostRam: [], disk: [] };

  it.each([
    { cached: { ...nothing, vram: ['sha256:other', 'sha256:wanted'] }, expected: 1000 },
    { cached: { ...nothing, hostRam: ['sha256:wanted'] }, expected: 900 },
    { cached: { ...nothing, disk: ['sha256:wanted'] }, expected: 600 },
    { cached: { ...nothing, hostRam: ['sha256:wanted'], disk: ['sha256:wanted'] }, expected: 900 },
    { cached: { ...nothing, vram: ['sha256:other'] }, expected: 0 },
  ])('$cached: $expected', ({ cached, expected }) => {
    expect(score({ node: aNode({ cachedModelDigests: cached }), accelerators: [] })).toBe(expected);
  });
});
