import type { Generation, Id } from '@ostro/kernel';
import { isNewer } from '@ostro/kernel';

export type ReplicaPhase = 'pending' | 'placed' | 'pulling' | 'loading' | 'ready' | 'draining' | 'stopped' | 'failed';

/** Phases an agent may report. `pending` means nothing to it. */
export type ObservedPhase = Exclude<ReplicaPhase, 'pending'>;

export type ReplicaEvent = 'place' | 'drain' | 'lose' | 'miss' | `observe-${ObservedPhase}`;

/** One running copy on one node. */
export interface Replica {
  readonly id: Id<'rep'>;
  readonly deploymentId: Id<'dep'>;
  readonly revisionId: Id<'rev'>;
  readonly organizationId: Id<'org'>;
  readonly nodeId: Id<'nod'> | null;
  readonly acceleratorIds: readonly string[];
  /** Given at placement; an observation that carries another one is of another life and ignored. 0: never placed. */
  readonly fencingToken: bigint;
  readonly phase: ReplicaPhase;
  /** Stable word. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  readonly lastLogLines: readonly string[];
  readonly restartCount: number;
  readonly decisionId: Id<'dec'> | null;
  /** Generation of its node in which its goal last changed: an agent that holds an older one does not know it yet. */
  readonly goalGeneration: bigint;
  readonly drainDeadline: Date | null;
  readonly createdAt: Date;
  readonly phaseAt: Date;
  /** When it first served. */
  readonly readyAt: Date | null;
}

/**
 * The life of a replica. `s` is an arrow of the scheduler, `a` one that the agent reported:
 *
 *     pending -s place-> placed -a-> pulling -a-> loading -a-> ready -s drain-> draining -a-> stopped
 *        |                  '------- a, in any order: restarts go back ------'     '- s lose-> failed
 *        '-s drain-> stopped              |- a failed, a stopped unasked, s lose (node dead) -> failed
 *                                         '- s drain, a draining -> draining
 *
 * A draining replica that crashes, or that an agent which knows the goal no longer lists, has ended as wanted.
 * `stopped` and `failed` are final: another try is another replica.
 */
const WORKING: Partial<Record<ReplicaEvent, ReplicaPhase>> = {
  'observe-placed': 'placed',
  'observe-pulling': 'pulling',
  'observe-loading': 'loading',
  'observe-ready': 'ready',
  'observe-draining': 'draining',
  'observe-stopped': 'failed',
  'observe-failed': 'failed',
  drain: 'draining',
  lose: 'failed',
};

const NEXT: Readonly<Record<ReplicaPhase, Partial<Record<ReplicaEvent, ReplicaPhase>>>> = {
  pending: { place: 'placed', drain: 'stopped' },
  placed: WORKING,
  pulling: WORKING,
  loading: WORKING,
  ready: WORKING,
  draining: { 'observe-stopped': 'stopped', 'observe-failed': 'stopped', miss: 'stopped', lose: 'failed' },
  stopped: {},
  failed: {},
};

/** Total: an event that means nothing in a phase changes nothing. */
export function transition(phase: ReplicaPhase, event: ReplicaEvent): ReplicaPhase {
  return NEXT[phase][event] ?? phase;
}

export function isTerminal({ phase }: Pick<Replica, 'phase'>): boolean {
  return phase === 'stopped' || phase === 'failed';
}

/** Alive and not on its way out. */
export function isWanted(replica: Pick<Replica, 'phase'>): boolean {
  return !isTerminal(replica) && replica.phase !== 'draining';
}

/** What an agent says about one replica. */
export interface Observation {
  readonly fencingToken: bigint;
  readonly phase: ObservedPhase;
  readonly reason: string;
  readonly message: string;
  readonly lastLogLines: readonly string[];
  readonly restartCount: number;
}

/** The same replica, identically, when the observation is stale or tells nothing new. */
export function observed(replica: Replica, seen: Observation, now: Date): Replica {
  if (seen.fencingToken !== replica.fencingToken) return replica;
  const phase = transition(replica.phase, `observe-${seen.phase}`);
  const isUnasked = seen.phase === 'stopped' && phase === 'failed';
  // What a draining replica says of itself is about the same end that the scheduler already explains.
  const tells = isTerminal(replica) || replica.phase === 'draining' ? replica : seen;
  const next = {
    ...moved(replica, phase, now),
    reason: isUnasked ? 'STOPPED_UNASKED' : tells.reason,
    message: tells.message,
    lastLogLines: tells.lastLogLines,
    restartCount: seen.restartCount,
  };
  return isSame(replica, next) ? replica : next;
}

/** A replica that its agent's whole report does not list. Only an agent that knows the goal can miss it. */
export function missed(replica: Replica, held: Generation, epoch: bigint, now: Date): Replica {
  const goal = { epoch, generation: replica.goalGeneration };
  return isNewer(goal, held) ? replica : moved(replica, transition(replica.phase, 'miss'), now);
}

export interface Placing {
  readonly nodeId: Id<'nod'>;
  readonly acceleratorIds: readonly string[];
  readonly fencingToken: bigint;
  readonly decisionId: Id<'dec'>;
  readonly goalGeneration: bigint;
}

export function placed(replica: Replica, placing: Placing, now: Date): Replica {
  const phase = transition(replica.phase, 'place');
  return { ...moved(replica, phase, now), ...placing, reason: 'PLACED', message: '' };
}

export interface Draining {
  readonly reason: DrainReason;
  readonly deadline: Date;
  readonly goalGeneration: bigint;
}

/** Why the scheduler takes a replica away; each is intended, so gateways let it pass. */
export type DrainReason = 'SCALED_DOWN' | 'ROLLED_OUT' | 'NODE_DRAINING' | 'DELETED';

/** Demand and rollouts cut no stream, however long it is: the drain ends when the last one does, or after this. */
const PATIENCE_MS = 24 * 3_600_000;

/** Until when a drained replica may finish its streams: short where something else needs it gone. */
export function drainDeadline(reason: DrainReason, drainTimeoutMs: number, now: Date): Date {
  return new Date(now.getTime() + (isPatient({ reason }) ? PATIENCE_MS : drainTimeoutMs));
}

/** Whether its drain may still be hurried by a reason that cannot wait. */
export function isPatient({ reason }: Pick<Replica, 'reason'>): boolean {
  return reason === 'SCALED_DOWN' || reason === 'ROLLED_OUT';
}

export function drained(replica: Replica, { reason, deadline, goalGeneration }: Draining, now: Date): Replica {
  const phase = transition(replica.phase, 'drain');
  const isHurried = phase === 'draining' && isPatient(replica) && !isPatient({ reason });
  if (phase === replica.phase && !isHurried) return replica;
  return { ...moved(replica, phase, now), reason, message: '', drainDeadline: deadline, goalGeneration };
}

export const NODE_LOST = 'NODE_LOST';

export function lost(replica: Replica, goalGeneration: bigint, now: Date): Replica {
  const phase = transition(replica.phase, 'lose');
  if (phase === replica.phase) return replica;
  const message = `node ${replica.nodeId} has not reported for too long; the replica is placed elsewhere`;
  return { ...moved(replica, phase, now), reason: NODE_LOST, message, goalGeneration };
}

/** A pending replica that fits nowhere now, and why. */
export function unschedulable(replica: Replica, message: string, decisionId: Id<'dec'>): Replica {
  return { ...replica, reason: 'UNSCHEDULABLE', message, decisionId };
}

function moved(replica: Replica, phase: ReplicaPhase, now: Date): Replica {
  if (phase === replica.phase) return replica;
  const readyAt = phase === 'ready' ? (replica.readyAt ?? now) : replica.readyAt;
  return { ...replica, phase, phaseAt: now, readyAt };
}

function isSame(a: Replica, b: Replica): boolean {
  return (
    a.phase === b.phase &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.restartCount === b.restartCount &&
    a.lastLogLines.join('\n') === b.lastLogLines.join('\n')
  );
}
