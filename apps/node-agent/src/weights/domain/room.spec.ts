import fc from 'fast-check';
import { type CachedRevision, makeRoom } from './room.ts';

const disk = { freeBytes: 150n, totalBytes: 1_000n, reservedBytes: 0n };
const revision = (digest: string, bytes: bigint, lastUsedMs: number, isPinned = false): CachedRevision => ({
  digest,
  bytes,
  lastUsedMs,
  isPinned,
});

describe('makeRoom', () => {
  it.each([
    ['fits beside the 5 % that stay free', 100n, disk, [], { fits: true, evict: [] }],
    ['would touch the 5 %', 101n, disk, [], { fits: false, missingBytes: 1n }],
    [
      'would take what another pull was promised',
      100n,
      { ...disk, reservedBytes: 30n },
      [],
      { fits: false, missingBytes: 30n },
    ],
    [
      'evicts what is unused for longest',
      150n,
      disk,
      [revision('b', 60n, 2), revision('a', 60n, 1)],
      { fits: true, evict: ['a'] },
    ],
    [
      'evicts no more than it must',
      161n,
      disk,
      [revision('b', 60n, 2), revision('a', 60n, 1)],
      { fits: true, evict: ['a', 'b'] },
    ],
    ['never evicts what is in use', 150n, disk, [revision('a', 60n, 1, true)], { fits: false, missingBytes: 50n }],
  ])('%s', (_, needed, on, cached, room) => expect(makeRoom(needed, on, cached)).toEqual(room));

  it('evicts nothing in vain that is pinned, and leaves the reserve alone', () => {
    const cached = fc.array(
      fc.record({
        digest: fc.string({ minLength: 1 }),
        bytes: fc.bigInt({ min: 0n, max: 500n }),
        lastUsedMs: fc.nat(),
        isPinned: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2_000n }), cached, (needed, revisions) => {
        const room = makeRoom(needed, disk, revisions);
        if (!room.fits) return;
        const gone = revisions.filter(({ digest, isPinned }) => room.evict.includes(digest) && !isPinned);
        const freed = gone.reduce((sum, { bytes }) => sum + bytes, 0n);
        expect(disk.freeBytes + freed - needed).toBeGreaterThanOrEqual(50n);
      }),
    );
  });
});
