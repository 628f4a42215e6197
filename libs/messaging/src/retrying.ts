import { isDomainError } from '@ostro/kernel';

export interface RetryPolicy {
  /** Tries before an error is final; UNAVAILABLE does not count, since nothing is wrong with the work itself. */
  readonly attempts: number;
  /** Waits between tries and keeps a membership alive; throws to give up (stopped, rebalanced). */
  readonly pause: (ms: number) => Promise<void>;
  readonly random: () => number;
}

/** Another consumer moved the stored offset: whoever lost must load it again, and none of its effect is kept. */
export function isStaleConsumer(error: unknown): boolean {
  return isDomainError(error) && error.reason === 'STALE_CONSUMER';
}

/** Thrown by a pause when its subscription was stopped meanwhile. */
export class SubscriptionStopped extends Error {}

export async function retrying<T>(attempt: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  let failures = 0;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof SubscriptionStopped || isStaleConsumer(error)) throw error;
      const isPassing = isDomainError(error) && error.code === 'UNAVAILABLE';
      if (!isPassing && ++failures >= policy.attempts) throw error;
      await policy.pause(backoffMs(tries, policy.random));
    }
  }
}

/** Doubles from 50 ms to 5 s; half of it is jitter, so that those who failed together do not return together. */
export function backoffMs(tries: number, random: () => number): number {
  return Math.min(5_000, 25 * 2 ** Math.min(tries, 10)) * (0.5 + random() / 2);
}
