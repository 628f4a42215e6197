/** The only source of time: pass it in, so that tests and the simulator decide what time it is. */
export interface Clock {
  /** Wall clock, for timestamps that leave the process. */
  now(): Date;
  /** Milliseconds on a clock that never goes back, for leases, deadlines and durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** A clock that stands still until it is told to advance. */
export function manualClock(start = new Date('2026-01-01T00:00:00.000Z')): ManualClock {
  let elapsedMs = 0;
  return {
    now: () => new Date(start.getTime() + elapsedMs),
    monotonicMs: () => elapsedMs,
    advance: (ms) => {
      elapsedMs += ms;
    },
  };
}
