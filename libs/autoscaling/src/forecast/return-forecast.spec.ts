import { MINUTE_MS, SECOND_MS } from '../../test/builders.ts';
import { learn, type Learning, NEW_LEARNING, type Observation } from './learning.ts';
import { type Idle, ReturnForecast } from './return-forecast.ts';

describe('return forecast', () => {
  const idle = (overrides: Partial<Idle> = {}): Idle => ({ idleMs: 0, busyness: 10, place: 0, ...overrides });
  const fresh = new ReturnForecast(NEW_LEARNING);

  it('believes what is idle for longer to return later, and what is busier sooner', () => {
    const chances = [0, 30, 300, 3_000].map((seconds) =>
      fresh.returnMilli(idle({ idleMs: seconds * SECOND_MS }), MINUTE_MS),
    );
    expect(chances).toEqual([...chances].sort((one, other) => other - one));
    expect(fresh.returnMilli(idle({ busyness: 80 }), MINUTE_MS)).toBeGreaterThan(chances[0]!);
  });

  // Rate at no idle time and busyness 10: (1/3 + 1/8) / 60 s; one bucket of five seconds: 1 - 1 / (1 + 5 x 0.00764).
  it('computes the prior by its formula', () => {
    expect(fresh.returnMilli(idle(), 5 * SECOND_MS)).toBe(37);
    expect(fresh.bestRate(idle(), {})).toBe(7_639);
  });

  const watched = (seconds: number, returned: boolean, idleMs = 0): Observation => ({
    kind: 'watch',
    ...idle({ idleMs }),
    watchedMs: seconds * SECOND_MS,
    returned,
  });
  const learnt = (...observations: Observation[]): Learning => learn(NEW_LEARNING, observations);

  it('learns from what it sees, and only there', () => {
    const often = new ReturnForecast(learnt(...Array.from({ length: 2_000 }, () => watched(5, true))));
    expect(often.bestRate(idle(), {})).toBeGreaterThan(10 * fresh.bestRate(idle(), {}));
    expect(often.bestRate(idle({ busyness: 80 }), {})).toBe(fresh.bestRate(idle({ busyness: 80 }), {}));
    const never = new ReturnForecast(learnt(watched(1_000_000, false)));
    expect(never.returnMilli(idle(), 5 * SECOND_MS)).toBeLessThan(fresh.returnMilli(idle(), 5 * SECOND_MS));
  });

  it('looks past a quiet moment to the returns behind it', () => {
    const observations = [
      ...Array.from({ length: 500 }, () => watched(100, false)),
      ...Array.from({ length: 3_000 }, () => watched(5, true, 30 * SECOND_MS)),
    ];
    const forecast = new ReturnForecast(learnt(...observations));
    expect(forecast.returnMilli(idle(), 5 * SECOND_MS)).toBeLessThan(20);
    expect(forecast.bestRate(idle(), {})).toBeGreaterThan(1.5 * fresh.bestRate(idle(), {}));
  });

  it('counts no return that comes before a start is over', () => {
    const prewarm = fresh.bestRate(idle(), { startingMs: 20 * SECOND_MS });
    expect(prewarm).toBeGreaterThan(0);
    expect(prewarm).toBeLessThan(fresh.bestRate(idle(), {}));
    expect(fresh.bestRate(idle(), { startingMs: 20 * SECOND_MS, withinMs: 10 * SECOND_MS })).toBe(0);
    expect(fresh.bestRate(idle(), { withinMs: 0 })).toBe(0);
  });
});
