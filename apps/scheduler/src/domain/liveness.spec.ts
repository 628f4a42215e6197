import { seededIds } from '@ostro/kernel';
import { Liveness } from './liveness.ts';

const nodeId = seededIds(1)('nod');
const pulse = (reportNumber: bigint) => [{ nodeId, reportNumber }];

describe('silence', () => {
  it('is a report number that stands still for longer than the limit', () => {
    const liveness = new Liveness(15_000);
    expect(liveness.observe(pulse(4n), 1_000)).toEqual([]);
    expect(liveness.observe(pulse(4n), 16_000)).toEqual([]);
    expect(liveness.observe(pulse(4n), 16_001)).toEqual(pulse(4n));
  });

  it('ends with any report', () => {
    const liveness = new Liveness(15_000);
    liveness.observe(pulse(4n), 0);
    expect(liveness.observe(pulse(5n), 16_000)).toEqual([]);
    expect(liveness.observe(pulse(5n), 31_000)).toEqual([]);
  });

  it('gives a process that has just started, and a node that came back, the whole limit', () => {
    const liveness = new Liveness(15_000);
    expect(liveness.observe(pulse(4n), 900_000)).toEqual([]);
    liveness.observe([], 910_000);
    expect(liveness.observe(pulse(4n), 920_000)).toEqual([]);
  });
});
