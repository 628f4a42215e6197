import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  compareGenerations,
  DomainError,
  idSource,
  isId,
  isNewer,
  manualClock,
  Money,
  parseId,
  seededIds,
  SeededRandom,
  Sensitive,
  timestampOf,
} from './index.ts';

describe('ids', () => {
  it('are ordered by the time they were minted, also within a millisecond and past 4,096 of them', () => {
    const clock = manualClock();
    const mint = idSource(clock, (size) => new Uint8Array(size).fill(0xff));
    const ids = Array.from({ length: 9_000 }, () => mint('rep'));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('carry their prefix and their time', () => {
    const clock = manualClock(new Date('2026-11-22T12:00:00.123Z'));
    const id = idSource(clock, (size) => new Uint8Array(size))('org');
    expect(isId('org', id)).toBe(true);
    expect(isId('prj', id)).toBe(false);
    expect(timestampOf(id).toISOString()).toBe('2026-11-22T12:00:00.123Z');
  });

  it('are the same again for the same seed', () => {
    expect(seededIds(7)('req')).toBe(seededIds(7)('req'));
    expect(seededIds(7)('req')).not.toBe(seededIds(8)('req'));
  });

  it('refuse another shape and name the field', () => {
    expect(() => parseId('org', 'org_123', 'organization_id')).toThrow(/organization_id must be an id/);
  });
});

describe('seeded random numbers', () => {
  it('are those of mulberry32, so that a seed means the same everywhere', () => {
    const random = new SeededRandom(1);
    expect([random.next(), random.next(), random.next()]).toEqual([2693262067, 11749833, 2265367787]);
  });

  it('stay below their limit and reach all of it', () => {
    const random = new SeededRandom(2);
    const drawn = new Set(Array.from({ length: 200 }, () => random.below(6)));
    expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('money', () => {
  const amount = fc
    .tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }))
    .map(([a, b]) => `${a}.${String(b).padStart(9, '0')}`);

  it('adds exactly: a + b - b = a', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const left = Money.of(a, 'EUR');
        const right = Money.of(b, 'EUR');
        expect(left.plus(right).minus(right).compare(left)).toBe(0);
      }),
    );
  });

  it('multiplies a price per million tokens without loss', () => {
    expect(Money.of('0.15', 'EUR').times(333n).perPowerOfTen(6).toString()).toBe('0.00004995');
  });

  it('rounds half up, once, to the minor unit', () => {
    expect(Money.of('1.005', 'EUR').toMinorUnits().toString()).toBe('1.01');
  });

  it.each(['1e5', '01', '.5', '1,5', '', 'NaN', 'Infinity', ' 1'])('refuses %p as an amount', (text) => {
    expect(() => Money.of(text, 'EUR')).toThrow(DomainError);
  });

  it('refuses to mix currencies', () => {
    expect(() => Money.of('1', 'EUR').plus(Money.of('1', 'USD'))).toThrow(/cannot combine/);
  });
});

describe('sensitive', () => {
  it('shows nothing however it is printed', () => {
    const secret = new Sensitive('the prompt');
    expect([`${secret}`, JSON.stringify({ secret }), inspect({ secret })].join()).not.toContain('prompt');
    expect(secret.reveal()).toBe('the prompt');
  });
});

describe('generations', () => {
  it('let a higher epoch win over any generation', () => {
    expect(compareGenerations({ epoch: 2n, generation: 1n }, { epoch: 1n, generation: 99n })).toBe(1);
    expect(isNewer({ epoch: 1n, generation: 1n }, { epoch: 1n, generation: 1n })).toBe(false);
    expect(isNewer({ epoch: 1n, generation: 1n }, undefined)).toBe(true);
  });
});
