import { usageV1 } from '@ostro/contracts';
import { inBatches, usageKey } from './witness-batches.ts';

const witness = (organizationId: string, nth: number) =>
  usageV1.AttemptWitnessed.fromPartial({ organizationId, requestId: `req_${nth}`, sequence: BigInt(nth) });

describe('inBatches', () => {
  const all = Array.from({ length: 12_000 }, (_, nth) => witness(nth % 3 === 0 ? 'org_a' : 'org_b', nth));

  it('loses nothing, keeps the order of each key and its bounds', () => {
    const batches = inBatches(all, () => 1);
    expect(Math.max(...batches.map(({ witnesses }) => witnesses.length))).toBe(500);
    const told = batches.flatMap(({ witnesses }) => witnesses.map(({ sequence }) => sequence));
    expect(new Set(told).size).toBe(all.length);
    for (const key of new Set(batches.map((batch) => batch.key))) {
      const ofKey = batches.filter((batch) => batch.key === key).flatMap(({ witnesses }) => witnesses);
      expect(ofKey.every((one) => usageKey(one.organizationId, one.requestId) === key)).toBe(true);
      expect(ofKey.map(({ sequence }) => sequence)).toEqual(
        ofKey.map(({ sequence }) => sequence).sort((a, b) => Number(a - b)),
      );
    }
  });

  it('cuts where a batch would grow too large for the bus', () => {
    const sizes = inBatches(all.slice(0, 1_000), () => 100_000).map(({ witnesses }) => witnesses.length);
    expect(Math.max(...sizes)).toBe(7);
  });
});
