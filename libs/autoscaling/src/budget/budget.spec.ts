import { type Budget, NEW_BUDGET, steer } from './budget.ts';

describe('budget', () => {
  it('keeps its price while what is spent is what is allowed', () => {
    const budget = steer(NEW_BUDGET, { spentMs: 1_000, allowedMs: 1_000 });
    expect(budget).toEqual({ ...NEW_BUDGET, spentMs: 1_000, allowedMs: 1_000 });
  });

  it.each([
    { name: 'spent too much: saving seconds is worth less', spentMs: 1_020, cheaper: true },
    { name: 'spent too little: it is worth more', spentMs: 980, cheaper: false },
  ])('$name', ({ spentMs, cheaper }) => {
    const { microEuroPerSavedSecond } = steer(NEW_BUDGET, { spentMs, allowedMs: 1_000 });
    expect(microEuroPerSavedSecond < NEW_BUDGET.microEuroPerSavedSecond).toBe(cheaper);
  });

  it('waits with its judgement until something is allowed', () => {
    expect(steer(NEW_BUDGET, { spentMs: 5, allowedMs: 0 })).toEqual({ ...NEW_BUDGET, spentMs: 5 });
  });

  /** A cell that spends more the more a second is worth to it, with days that ask for more and less than others. */
  const spending = (price: number, affordable: number, hour: number): number =>
    Math.round((1_000 * (1 + price / affordable) * (hour % 48 < 24 ? 1.3 : 0.7)) / 2);

  it.each([
    { affordable: 500, seasons: 1 },
    { affordable: 5_556, seasons: 1 },
    { affordable: 60_000, seasons: 1 },
    { affordable: 5_556, seasons: 4 },
  ])('ends within 1 % of what it was given when $affordable is affordable', ({ affordable, seasons }) => {
    let budget: Budget = NEW_BUDGET;
    for (let hour = 0; hour < 24 * 16; hour += 1) {
      const season = hour < 24 * 4 ? seasons : 1;
      const spentMs = spending(budget.microEuroPerSavedSecond, affordable * season, hour);
      budget = steer(budget, { spentMs, allowedMs: 1_000 });
    }
    expect(budget.spentMs / budget.allowedMs).toBeGreaterThan(0.99);
    expect(budget.spentMs / budget.allowedMs).toBeLessThan(1.01);
  });
});
