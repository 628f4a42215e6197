import { parsePolicy } from './parse-policy.ts';

describe('parsePolicy', () => {
  it('has a default for everything', () => {
    expect(parsePolicy({})).toEqual({
      minReplicas: 0,
      maxReplicas: 1,
      targetConcurrency: 1,
      maxQueueWaitMs: 1_000,
      ttftP95Ms: undefined,
      tpotP95Ms: undefined,
      schedules: [],
      idle: { kind: 'time', idleMs: 300_000 },
      scaleUp: { maxPerMinute: 10_000 },
      scaleDown: { stabilisationMs: 600_000, maxPerMinute: 10_000 },
      tiers: [
        { name: 'vram', wakeMs: 0, microEuroPerHour: 2_000_000 },
        { name: 'none', wakeMs: 30_000, microEuroPerHour: 0 },
      ],
    });
  });

  it.each([
    { idle: { idleMs: 5 }, expected: { kind: 'time', idleMs: 5 } },
    { idle: { eurosPerSavedSecond: 0.003 }, expected: { kind: 'price', microEuroPerSavedSecond: 3_000 } },
    { idle: { eurosPerSavedSecond: '0.003' }, expected: { kind: 'price', microEuroPerSavedSecond: 3_000 } },
    { idle: 'cell', expected: { kind: 'cell' } },
  ])('reads idle $idle', ({ idle, expected }) => {
    expect(parsePolicy({ idle }).idle).toEqual(expected);
  });

  const vram = { name: 'vram', wakeMs: 0, eurosPerHour: 2 };
  const none = { name: 'none', wakeMs: 20_000 };
  it.each([
    { input: 3, message: 'policy must be a mapping' },
    { input: { minReplicas: 3, maxReplicas: 2 }, message: 'minReplicas is 3, more than maxReplicas 2; lower it' },
    { input: { minReplicas: -1 }, message: 'minReplicas must be a whole number from 0 to 10000, not -1' },
    { input: { maxReplicas: Number.NaN }, message: 'maxReplicas must be a whole number from 1 to 10000, not NaN' },
    { input: { maxReplicas: 1e9 }, message: 'maxReplicas must be a whole number from 1 to 10000, not 1000000000' },
    { input: { targetConcurrency: 0 }, message: 'targetConcurrency must be a whole number from 1' },
    { input: { ttftP95Ms: '5' }, message: 'ttftP95Ms must be a whole number from 1 to 86400000, not "5"' },
    { input: { target: 5 }, message: 'target is unknown; remove it' },
    { input: { scaleDown: { window: 5 } }, message: 'scaleDown.window is unknown; remove it' },
    {
      input: { idle: { idleMs: 5, eurosPerSavedSecond: 1 } },
      message: 'idle must be "cell" or have one of idleMs and',
    },
    { input: { idle: {} }, message: 'idle must be "cell" or have one of idleMs and' },
    { input: { idle: { eurosPerSavedSecond: 'NaN' } }, message: 'idle.eurosPerSavedSecond must be a number from 0' },
    { input: { idle: { eurosPerSavedSecond: -0.1 } }, message: 'idle.eurosPerSavedSecond must be a number from 0' },
    { input: { tiers: [none] }, message: 'tiers must begin with vram' },
    { input: { tiers: [vram] }, message: 'tiers must end with none' },
    { input: { tiers: [vram, { name: 'ssd' }] }, message: 'tiers[1].name must be one of vram, hostRam, disk, none' },
    { input: { tiers: [vram, { name: 'none' }] }, message: 'tiers[1].wakeMs is missing; give it' },
    {
      input: {
        tiers: [
          { ...vram, wakeMs: 9_000 },
          { ...none, wakeMs: 5 },
        ],
      },
      message: 'none wakes sooner than vram',
    },
    { input: { tiers: [vram, { ...none, eurosPerHour: 3 }] }, message: 'none costs more than vram' },
    {
      input: { tiers: [vram, { name: 'disk', wakeMs: 5 }, { name: 'hostRam', wakeMs: 6 }, none] },
      message: 'tiers[2] hostRam comes after disk; the order is vram, hostRam, disk, none',
    },
    { input: { schedules: {} }, message: 'schedules must be a list' },
    { input: { schedules: [{ from: '08:00', to: '18:00' }] }, message: 'schedules[0] changes nothing' },
    { input: { schedules: [{ from: '8', to: '18:00' }] }, message: 'schedules[0].from must be a time like "08:30"' },
    { input: { schedules: [{ from: '08:00', to: '24:01' }] }, message: 'schedules[0].to must be a time like "08:30"' },
    { input: { schedules: [{ from: '08:00', to: '08:00' }] }, message: 'schedules[0] begins when it ends' },
    {
      input: { schedules: [{ from: '08:00', to: '09:00', days: ['monday'] }] },
      message: 'schedules[0].days must be of',
    },
    { input: { schedules: [{ from: '08:00', to: '09:00', days: [] }] }, message: 'schedules[0].days is empty' },
    {
      input: { schedules: [{ from: '08:00', to: '09:00', timeZone: 'Mars/Base' }] },
      message: 'schedules[0].timeZone must be a time zone like "Europe/Paris", not "Mars/Base"',
    },
    {
      input: { maxReplicas: 4, schedules: [{ from: '08:00', to: '09:00', minReplicas: 5 }] },
      message: 'schedules[0] asks for at least 5 and at most 4 replicas; make them agree',
    },
  ])('refuses $input', ({ input, message }) => {
    expect(() => parsePolicy(input)).toThrow(message);
    expect(() => parsePolicy(input)).toThrow(expect.objectContaining({ reason: 'INVALID_SCALING_POLICY' }));
  });
});
