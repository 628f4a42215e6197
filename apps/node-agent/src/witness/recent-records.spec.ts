import { RecentRecords } from './recent-records.ts';

const record = (sequence: bigint, bytes = 1) => ({ sequence, payload: new Uint8Array(bytes) });

describe('RecentRecords', () => {
  it('give what comes after a place, when they hold all of it', () => {
    const recent = new RecentRecords('inc');
    for (const sequence of [2n, 4n, 6n]) recent.add(record(sequence));
    expect(recent.since({ incarnation: 'inc', sequence: 1n })?.map(({ sequence }) => sequence)).toEqual([2n, 4n, 6n]);
    expect(recent.since({ incarnation: 'inc', sequence: 5n })?.map(({ sequence }) => sequence)).toEqual([6n]);
    expect(recent.since({ incarnation: 'inc', sequence: 7n })).toEqual([]);
  });

  it('send to the disk whoever was elsewhere, or is further behind than memory reaches', () => {
    const recent = new RecentRecords('inc');
    for (const sequence of [1n, 2n, 3n]) recent.add(record(sequence, 2_000_000));
    expect(recent.since(undefined)).toBeUndefined();
    expect(recent.since({ incarnation: 'other', sequence: 9n })).toBeUndefined();
    expect(recent.since({ incarnation: 'inc', sequence: 1n })).toBeUndefined();
    expect(recent.since({ incarnation: 'inc', sequence: 2n })).toHaveLength(2);
  });
});
