import { figuresOf, type Figure, inOneSentence, verdict } from './comparison.ts';
import { duration, written, writtenDifference } from './figures-in-words.ts';
import { minutesPerPoint, thin } from './thin.ts';
import { aReport } from '../../test/builders.ts';

const named = (figures: readonly Figure[], name: string) => figures.find((figure) => figure.name === name)!;

describe('a comparison', () => {
  const own = aReport({ gpuHours: 8, milliEuro: 16_000, delayedShare: 0.3, coldStarts: 0 });
  const rival = aReport({ gpuHours: 10, milliEuro: 20_000, delayedShare: 0.25, coldStarts: 4 });

  it('is the policy minus its rival, and says which is better', () => {
    const figures = figuresOf([own, rival]);
    const cost = named(figures, 'cost');
    expect(cost).toMatchObject({ values: [16, 20], difference: -4, relative: -0.2 });
    expect([verdict(cost), writtenDifference(cost)]).toEqual([-1, '-20.0 %']);
    const delayed = named(figures, 'requests that waited over 1 s');
    expect([verdict(delayed), writtenDifference(delayed)]).toEqual([1, '+5.0 points']);
    expect(writtenDifference(named(figures, 'answered'))).toBe('same');
  });

  it('with a rival that has nothing of it is told in its unit, since there is no share of nothing', () => {
    const figures = figuresOf([rival, own]);
    expect(named(figures, 'cold starts').relative).toBeUndefined();
    expect(writtenDifference(named(figures, 'cold starts'))).toBe('+4');
  });

  it('leaves out what neither policy has, such as tokens of images', () => {
    expect(figuresOf([own]).map(({ name }) => name)).not.toContain('time to first token, mean');
    const chat = aReport({ ttftMs: { count: 1, mean: 5, p50: 5, p95: 5, p99: 5, max: 5 } });
    expect(named(figuresOf([own, chat]), 'time to first token, mean').values).toEqual([undefined, 5]);
  });

  it('lists the reasons of refusals that either has', () => {
    const refusing = aReport({
      requests: { arrived: 9, completed: 6, refused: 3, refusedByReason: { HELD_TOO_LONG: 3 } },
    });
    expect(named(figuresOf([own, refusing]), 'refused: held too long').values).toEqual([0, 3]);
  });

  it('in one sentence tells cost and wait', () => {
    const sentence = inOneSentence(figuresOf([own, rival]), [{ name: 'a' }, { name: 'b' }]);
    expect(sentence).toBe('a costs 20.0 % less than b; its requests wait as long for their replica in the mean.');
    expect(inOneSentence(figuresOf([own]), [{ name: 'a' }])).toBe('');
  });
});

describe('figures', () => {
  it.each([
    [0, '0.0 ms'],
    [9.94, '9.9 ms'],
    [999, '999 ms'],
    [1_500, '1.50 s'],
    [22_700, '22.7 s'],
    [150_000, '2.5 min'],
    [86_400_000, '24.0 h'],
    [1_382_400_000, '16.0 days'],
  ])('of time: %d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('have their unit', () => {
    expect([written(1_234.56, 'hours'), written(0.5, 'euros'), written(0.123, 'share')]).toEqual([
      '1,234.6 h',
      '0.50 EUR',
      '12.3 %',
    ]);
    expect(written(undefined, 'count')).toBe('');
  });
});

describe('a series that is thinned', () => {
  it('joins minutes by their mean or their worst, and keeps gaps', () => {
    const values = [1, 3, null, 7, null, null, 2];
    expect(thin(values, 2, 'mean')).toEqual([2, 7, null, 2]);
    expect(thin(values, 3, 'max')).toEqual([3, 7, 2]);
    expect(thin(values, 1, 'mean')).toEqual(values);
  });

  it.each([
    [0, 1],
    [720, 1],
    [721, 2],
    [23_000, 32],
  ])('%d minutes have %d in a point', (minutes, size) => expect(minutesPerPoint(minutes, 720)).toBe(size));
});
