import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '@ostro/kernel';

export interface EventuallyOptions {
  /** Far above what a healthy machine needs: only a failing test waits this long. */
  readonly withinMs?: number;
  readonly everyMs?: number;
  readonly clock?: Clock;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Repeats an assertion until it holds, and returns what it returned. This is the one place where tests wait.
 * When the time is over it fails with the assertion's last failure, so that the report shows what was seen.
 */
export async function eventually<T>(assertion: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { withinMs = 10_000, everyMs = 25, clock = systemClock, pause = sleep } = options;
  const deadline = clock.monotonicMs() + withinMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await assertion();
    } catch (failure) {
      if (clock.monotonicMs() >= deadline) throw givenUp(failure, withinMs, attempts);
    }
    await pause(everyMs);
  }
}

function givenUp(failure: unknown, withinMs: number, attempts: number): Error {
  const last = failure instanceof Error ? failure.message : String(failure);
  return new Error(`still failing after ${withinMs} ms and ${attempts} attempts, at last with: ${last}`, {
    cause: failure,
  });
}
