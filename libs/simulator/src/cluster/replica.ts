import type { Id } from '@ostro/kernel';
import type { Engine } from '../engine/engine.ts';
import type { Deployment } from './deployment.ts';

/** Loading -> ready -> draining -> stopped; a replica that is not needed any more may leave from each. */
export type ReplicaPhase = 'loading' | 'ready' | 'draining' | 'stopped';

/** One running copy of a deployment, on virtual time. */
export interface SimulatedReplica {
  readonly id: Id<'rep'>;
  readonly deployment: Deployment;
  readonly nodeId: Id<'nod'>;
  readonly engine: Engine;
  readonly placedMs: number;
  /** Accelerators held; a share of one counts as that share. */
  readonly accelerators: number;
  readonly milliEuroPerHour: number;
  phase: ReplicaPhase;
  /** Requests sent there and not answered. */
  inFlight: number;
  /** When it last had something to do. */
  usedMs: number;
  /** When its engine is to be looked at next; an event for another time is out of date. */
  dueMs: number;
}
