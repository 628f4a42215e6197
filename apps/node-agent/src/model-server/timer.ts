import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Clock, systemClock } from '@ostro/kernel';

/** A clock that can also be waited on, so that simulated work takes no time in tests. */
export interface Timer extends Clock {
  /** Lets other work run at least once, even for 0 ms. @throws the signal's reason when it is aborted meanwhile. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemTimer: Timer = {
  ...systemClock,
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await (ms > 0 ? setTimeout(ms, undefined, { signal }) : setImmediate(undefined, { signal }));
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
