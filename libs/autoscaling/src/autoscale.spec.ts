import { aPolicy, decide, decideAll, MINUTE_MS, SECOND_MS } from '../test/builders.ts';
import { learn, NEW_LEARNING, parsePolicy } from './index.ts';

describe('autoscale', () => {
  const ready = (count: number) => ({ readyReplicas: count });
  const rulesOf = ({ reasons }: { reasons: readonly { rule: string }[] }) => reasons.map(({ rule }) => rule);
  const eager = { scaleDown: { stabilisationMs: 0 } };

  it.each([
    { name: 'nothing to do', policy: {}, now: {}, expected: 0, rules: ['concurrency'] },
    { name: 'wakes from zero', policy: {}, now: { waiting: 1 }, expected: 1, rules: ['concurrency'] },
    { name: 'one each', policy: {}, now: { running: 2, waiting: 1, ...ready(2) }, expected: 3, rules: ['concurrency'] },
    {
      name: 'never above the maximum',
      policy: {},
      now: { waiting: 99 },
      expected: 10,
      rules: ['concurrency', 'bounds'],
    },
    {
      name: 'never below the minimum',
      policy: { minReplicas: 2 },
      now: {},
      expected: 2,
      rules: ['concurrency', 'bounds'],
    },
    {
      name: 'a schedule raises the minimum',
      policy: { schedules: [{ from: '00:00', to: '01:00', minReplicas: 4 }] },
      now: {},
      expected: 4,
      rules: ['concurrency', 'schedule'],
    },
    {
      name: 'a queue that does not drain',
      policy: { targetConcurrency: 8 },
      now: { running: 4, waiting: 3, oldestWaitMs: 1_500, ...ready(1) },
      expected: 2,
      rules: ['concurrency', 'queue-wait'],
    },
    {
      name: 'an objective comes after demand',
      policy: { targetConcurrency: 8, ttftP95Ms: 500 },
      now: { running: 16, ttftP95Ms: 750, ...ready(2) },
      expected: 3,
      rules: ['concurrency', 'ttft'],
    },
    {
      name: 'time per token too',
      policy: { targetConcurrency: 8, tpotP95Ms: 50 },
      now: { running: 16, tpotP95Ms: 90, ...ready(2) },
      expected: 4,
      rules: ['concurrency', 'tpot'],
    },
    {
      name: 'an objective waits for what is starting',
      policy: { targetConcurrency: 8, ttftP95Ms: 500 },
      now: { running: 16, ttftP95Ms: 750, startingReplicas: 1, ...ready(2) },
      expected: 3,
      rules: ['concurrency', 'idle'],
    },
    {
      name: 'a request waits for what frees sooner',
      policy: {
        tiers: [
          { name: 'vram', wakeMs: 0 },
          { name: 'none', wakeMs: 20_000 },
        ],
      },
      now: { running: 1, waiting: 1, serviceMs: 9_000, ...ready(1) },
      expected: 1,
      rules: ['concurrency'],
    },
    {
      name: 'a fast start beats what frees',
      policy: {
        tiers: [
          { name: 'vram', wakeMs: 0 },
          { name: 'hostRam', wakeMs: 4_000 },
          { name: 'none', wakeMs: 20_000 },
        ],
      },
      now: { running: 1, waiting: 1, serviceMs: 9_000, standby: 'hostRam' as const, ...ready(1) },
      expected: 2,
      rules: ['concurrency'],
    },
    {
      name: 'no faster than allowed',
      policy: { scaleUp: { maxPerMinute: 2 } },
      now: { waiting: 9 },
      expected: 2,
      rules: ['concurrency', 'rate'],
    },
  ])('$name', ({ policy, now, expected, rules }) => {
    const decision = decide(aPolicy(policy), now);
    expect(decision.replicas).toBe(expected);
    expect(rulesOf(decision)).toEqual(rules);
  });

  it.each(['running', 'waiting', 'readyReplicas', 'startingReplicas'] as const)('holds when %s is missing', (name) => {
    for (const missing of [undefined, Number.NaN, -1, Infinity]) {
      const [, , decision] = decideAll(aPolicy({ idle: { idleMs: 0 }, ...eager }), [
        [0, { waiting: 3 }],
        [SECOND_MS, { running: 3, ...ready(3) }],
        [SECOND_MS * 2, { ...ready(3), [name]: missing }],
      ]);
      expect(decision).toMatchObject({ replicas: 3, held: true });
      expect(rulesOf(decision!)).toContain('hold');
    }
  });

  it('still adds while a signal is missing', () => {
    expect(decide(aPolicy(), { running: undefined, waiting: 4, ...ready(2) }).replicas).toBe(4);
  });

  it('learns nothing from what it did not see', () => {
    const [, decision] = decideAll(aPolicy(), [
      [0, { ...ready(1) }],
      [SECOND_MS, { running: Number.NaN, ...ready(1) }],
    ]);
    expect(decision!.observations).toEqual([]);
  });

  it('goes down to what is used after the stabilisation window, and to zero after the idle time', () => {
    const policy = aPolicy({ idle: { idleMs: 20_000 }, scaleDown: { stabilisationMs: 60_000 } });
    const counts = decideAll(policy, [
      [0, { running: 3, ...ready(3) }],
      [SECOND_MS, { running: 1, ...ready(3) }],
      [59 * SECOND_MS, { running: 1, ...ready(3) }],
      [60 * SECOND_MS, { running: 1, ...ready(3) }],
      [61 * SECOND_MS, ready(1)],
      [80 * SECOND_MS, ready(1)],
      [81 * SECOND_MS, ready(1)],
    ]).map(({ replicas }) => replicas);
    expect(counts).toEqual([3, 3, 3, 1, 1, 1, 0]);
  });

  const zeroAfterSeconds = (idle: unknown, learning = NEW_LEARNING): number => {
    const seconds = Array.from({ length: 4_000 }, (_, second) => second);
    const busy = [[-SECOND_MS, { running: 1, arrivals: 3, ...ready(1) }]] as const;
    const policy = parsePolicy({ idle, ...eager });
    const steps = seconds.map((second) => [second * SECOND_MS, { ...ready(1), learning }] as const);
    const [, ...decisions] = decideAll(policy, [...busy, ...steps]);
    return decisions.findIndex(({ replicas }) => replicas === 0);
  };

  it('goes to zero after the time that the price implies', () => {
    const times = [0, 0.001, 0.003, 0.01, 0.03].map((eurosPerSavedSecond) => zeroAfterSeconds({ eurosPerSavedSecond }));
    expect(times).toEqual([0, 0, 59, 293, 575]);
  });

  it('takes the price of the cell where the policy says so', () => {
    const learning = { ...NEW_LEARNING, budget: { ...NEW_LEARNING.budget, microEuroPerSavedSecond: 10_000 } };
    expect(zeroAfterSeconds('cell', learning)).toBe(zeroAfterSeconds({ eurosPerSavedSecond: 0.01 }));
  });

  it('keeps the most recently used, and says for how long each has been idle', () => {
    const [, , decision] = decideAll(aPolicy({ idle: { idleMs: MINUTE_MS }, ...eager }), [
      [0, { running: 3, ...ready(3) }],
      [SECOND_MS, { running: 2, ...ready(3) }],
      [MINUTE_MS + SECOND_MS, { running: 1, ...ready(3) }],
    ]);
    expect(decision!.replicas).toBe(2);
    expect(decision!.idle).toMatchObject([
      { level: 1, idleMs: 0, tier: 'vram' },
      { level: 2, idleMs: MINUTE_MS, tier: 'none' },
    ]);
  });

  it('prewarms a deployment whose return is near, and not one whose is not', () => {
    const often = Array.from({ length: 5_000 }, () => ({
      kind: 'watch' as const,
      idleMs: 140 * SECOND_MS,
      busyness: 15,
      place: 0,
      watchedMs: SECOND_MS,
      returned: true,
    }));
    const policy = aPolicy({ idle: { eurosPerSavedSecond: 0.003 }, ...eager });
    const wanted = (learning = NEW_LEARNING) =>
      decideAll(policy, [
        [0, { running: 1, arrivals: 3, ...ready(1) }],
        [SECOND_MS, {}],
        [100 * SECOND_MS, { learning }],
      ]).at(-1)!.replicas;
    expect(wanted()).toBe(0);
    expect(wanted(learn(NEW_LEARNING, often))).toBe(1);
  });

  it('shows the error of the forecasts that came due', () => {
    const policy = aPolicy({ idle: { eurosPerSavedSecond: 0.003 } });
    const decisions = decideAll(policy, [
      [0, { running: 1, arrivals: 1, ...ready(1) }],
      [SECOND_MS, ready(1)],
      [30 * SECOND_MS, { running: 1, ...ready(1) }],
    ]);
    const due = decisions.flatMap(({ observations }) => observations).filter(({ kind }) => kind === 'forecast');
    expect(due).toEqual([{ kind: 'forecast', returnMilli: decisions[1]!.idle[0]!.returnMilli, returned: true }]);
    const learning = learn(NEW_LEARNING, due);
    expect(decide(policy, { learning }).explanation.forecastError).toMatchObject({ forecasts: 1 });
  });

  it('says when to ask again', () => {
    const [, first, last] = decideAll(aPolicy({ idle: { idleMs: 7_000 }, ...eager }), [
      [0, { running: 1, ...ready(1) }],
      [SECOND_MS, ready(1)],
      [7 * SECOND_MS, ready(1)],
    ]);
    const atMs = first!.history.seenAtMs!;
    expect(first!.recheckAtMs).toBe(atMs + 5 * SECOND_MS);
    expect(last!.recheckAtMs).toBe(atMs + 7 * SECOND_MS);
  });

  it('remembers no more replicas than may ever be, however many requests come at once', () => {
    const policy = aPolicy({ schedules: [{ from: '08:00', to: '09:00', maxReplicas: 20 }] });
    const [burst, after] = decideAll(policy, [
      [0, { waiting: 5_000, ...ready(1) }],
      [SECOND_MS, ready(10)],
    ]);
    expect(burst!.history.lastNeededMs).toHaveLength(20);
    expect(after!.history.forecasts).toHaveLength(20);
  });

  it('counts nothing that is too much to be counted, so that the past is the same after JSON', () => {
    const [first] = decideAll(aPolicy(), [[0, { running: 1e300, waiting: 1e300, ...ready(1) }]]);
    expect(first!.held).toBe(true);
    expect(JSON.stringify(first!.history)).not.toContain('null');
  });

  it('looks at objectives also after the clock was set back by a day', () => {
    const policy = aPolicy({ targetConcurrency: 8, ttftP95Ms: 500 });
    const [, back] = decideAll(policy, [
      [86_400_000, { running: 16 }],
      [0, { running: 16, ttftP95Ms: 750, ...ready(2) }],
    ]);
    expect(back!.replicas).toBe(3);
  });
});
