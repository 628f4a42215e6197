import { GIB } from '../../test/builders.ts';
import type { Demand } from './demand-mix.ts';
import { kindTables } from './kind-tables.ts';

describe('kindTables', () => {
  const asked = (gib: number, others: Partial<Demand> = {}): Demand => ({
    models: [],
    count: 1,
    memoryBytesEach: gib * GIB,
    exclusive: false,
    cpuMilli: 8000,
    arrivals: 1,
    ...others,
  });

  it('rounds shares up, since what is promised must fit', () => {
    // A third of 80 GiB is 333.4 thousandths: it fits three times into 1002, so twice.
    const { holes } = kindTables([asked(80 / 3 + 0.01)], 80 * GIB);
    expect(holes[333]).toBe(0);
    expect(holes[334]).toBeCloseTo(500, 6);
  });

  it('leaves out what needs more memory than there is', () => {
    const small = [asked(12)];
    expect(kindTables([...small, asked(40, { cpuMilli: 1 })], 24 * GIB)).toEqual(kindTables(small, 24 * GIB));
  });

  it('takes an exclusive request for a whole accelerator', () => {
    const { holes, usable } = kindTables([asked(10, { exclusive: true })], 80 * GIB);
    // Not a share, so holes are priced as while none are known.
    expect(holes[500]).toBe(250);
    expect(usable.of([999], 64_000)).toBe(0);
    expect(usable.of([1000], 64_000)).toBe(1000);
  });

  it('knows the cores that go with an accelerator in the mean', () => {
    expect(kindTables([asked(80), asked(40, { cpuMilli: 1000, arrivals: 2 })], 80 * GIB).cpuPerMilli).toBe(
      10_000 / 2000,
    );
    expect(kindTables([asked(0, { count: 0 })], 80 * GIB).cpuPerMilli).toBe(0);
  });

  it('sums up requests that differ in nothing but their models', () => {
    const [one, two] = [['H100'], ['L40S']].map((models) => asked(40, { models }));
    expect(kindTables([one!, two!], 80 * GIB)).toEqual(kindTables([asked(40, { arrivals: 2 })], 80 * GIB));
  });
});
