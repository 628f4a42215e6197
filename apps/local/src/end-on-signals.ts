import type { Clock } from '@ostro/kernel';

/**
 * One Ctrl-C comes more than once: the terminal signals every process of the group, and npm and the bootstrap pass on
 * what they got. What comes within this time of the first is still the first.
 */
const SAME_CTRL_C_MS = 1000;

interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** The first signal asks to stop in order, by the answered controller; a second one ends at once. */
export function endOnSignals(signals: Signals, clock: Clock, endAtOnce: () => void): AbortController {
  const end = new AbortController();
  let firstAtMs: number | undefined;
  const onSignal = () => {
    firstAtMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - firstAtMs > SAME_CTRL_C_MS) endAtOnce();
    end.abort('interrupted');
  };
  signals.on('SIGINT', onSignal);
  signals.on('SIGTERM', onSignal);
  return end;
}
