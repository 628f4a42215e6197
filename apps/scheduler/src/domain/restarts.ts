import { NODE_LOST, type Replica } from './replica.ts';

/** A replica that served this long before it failed did not fail at starting. */
const SERVED_LONG_MS = 600_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;
const MAX_ROUNDS = 5;

/** Whether a replacement may be made: now, not before some moment, or not at all until the spec changes. */
export type Replacement =
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly at: Date }
  | { readonly kind: 'never'; readonly last: Replica };

/**
 * Keeps a model server that cannot start from being started for ever: pauses of 5 s doubling to 5 min, and after five
 * rounds none. Failures of all wanted replicas at once are one round. A lost node says nothing about the model.
 */
export function replacement(failed: readonly Replica[], wanted: number, now: Date): Replacement {
  const crashes = inARow(failed);
  const [last] = crashes;
  if (last === undefined) return { kind: 'now' };
  const rounds = Math.ceil(crashes.length / Math.max(1, wanted));
  if (rounds >= MAX_ROUNDS) return { kind: 'never', last };
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (rounds - 1));
  const at = new Date(last.phaseAt.getTime() + pauseMs);
  return at <= now ? { kind: 'now' } : { kind: 'at', at };
}

/** Newest first, back to the last replica that served for long. */
function inARow(failed: readonly Replica[]): readonly Replica[] {
  const newest = failed
    .filter(({ reason }) => reason !== NODE_LOST)
    .sort((a, b) => b.phaseAt.getTime() - a.phaseAt.getTime() || (a.id < b.id ? 1 : -1));
  const good = newest.findIndex(servedLong);
  return good === -1 ? newest : newest.slice(0, good);
}

function servedLong({ readyAt, phaseAt }: Replica): boolean {
  return readyAt !== null && phaseAt.getTime() - readyAt.getTime() >= SERVED_LONG_MS;
}
