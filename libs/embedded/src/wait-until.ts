import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@ostro/kernel';

export interface WaitOptions {
  readonly withinMs: number;
  readonly everyMs?: number;
}

/**
 * Resolves with the first value that is not `undefined`, or with `undefined` when the time is over: the caller
 * knows best what a late process means and says so in its own error.
 */
export async function waitUntil<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  { withinMs, everyMs = 100 }: WaitOptions,
): Promise<T | undefined> {
  const deadline = systemClock.monotonicMs() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (systemClock.monotonicMs() >= deadline) return undefined;
    await sleep(everyMs);
  }
}
