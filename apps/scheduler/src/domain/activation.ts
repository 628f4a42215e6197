import { DomainError, type Id } from '@ostro/kernel';
import { isWanted, type Replica, type ReplicaPhase } from './replica.ts';

/** Requests that a gateway holds: they count until `until`, unless it says so again. */
export interface DemandLease {
  readonly deploymentId: Id<'dep'>;
  readonly holder: string;
  /** 0: nothing waits any more. */
  readonly waiting: number;
  /** How long the oldest has waited. */
  readonly oldestWaitMs: number;
  readonly until: Date;
}

/** How far a deployment is on its way to the next replica that serves. */
export interface Progress {
  readonly phase: ReplicaPhase;
  /** 0: one serves. */
  readonly etaMs: number;
  /** Where no progress is possible now: which resource is short. */
  readonly message: string;
}

const LONGEST_LEASE_MS = 60_000;
const MAX_HOLDER_LENGTH = 100;
/** What a start takes until one was seen. */
const DEFAULT_START_MS = 30_000;
/** What takes longer than it usually does is said to be nearly there. */
const LEAST_ETA_MS = 1_000;

/** @throws DomainError INVALID_ARGUMENT (INVALID_ACTIVATION) */
export function checkLease(lease: DemandLease): void {
  if (lease.holder !== '' && lease.holder.length <= MAX_HOLDER_LENGTH) return;
  const message = `holder must say who holds the requests, in 1 to ${MAX_HOLDER_LENGTH} characters`;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_ACTIVATION', message, { details: { field: 'holder' } });
}

/** A gateway's clock may be wrong, so no lease lasts longer than this however far its end is. */
export function leaseEnd(until: Date, now: Date): Date {
  return new Date(Math.min(until.getTime(), now.getTime() + LONGEST_LEASE_MS));
}

/** The median of what the latest starts of a deployment took. */
export function usualStartMs(startsMs: readonly number[]): number {
  return startsMs.toSorted((a, b) => a - b)[Math.floor(startsMs.length / 2)] ?? DEFAULT_START_MS;
}

const PROGRESS: readonly ReplicaPhase[] = ['pending', 'placed', 'pulling', 'loading', 'ready'];

export function progressOf(replicas: readonly Replica[], startMs: number, now: Date): Progress {
  const [farthest] = replicas.filter(isWanted).sort(byProgress);
  if (farthest === undefined) return { phase: 'pending', etaMs: startMs, message: '' };
  const { phase, message, createdAt } = farthest;
  if (phase === 'ready') return { phase, etaMs: 0, message: '' };
  const etaMs = Math.max(LEAST_ETA_MS, startMs - (now.getTime() - createdAt.getTime()));
  return { phase, etaMs, message: phase === 'pending' ? message : '' };
}

function byProgress(a: Replica, b: Replica): number {
  return PROGRESS.indexOf(b.phase) - PROGRESS.indexOf(a.phase) || a.createdAt.getTime() - b.createdAt.getTime();
}
