import type { Id } from '@ostro/kernel';
import type { Autoscaling } from './autoscaling.ts';
import { isTerminal, isWanted, type Replica } from './replica.ts';
import type { Replacement } from './restarts.ts';

export type DeploymentPhase = 'progressing' | 'ready' | 'degraded' | 'cold' | 'deleting';

/** A true-or-false fact with its reason. */
export interface Condition {
  readonly type: 'Placed' | 'Ready' | 'UpToDate';
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
  /** ISO 8601: kept as JSON. */
  readonly since: string;
}

export interface Status {
  readonly phase: DeploymentPhase;
  readonly conditions: readonly Condition[];
}

/** What a deployment should be. */
export interface Wanted {
  readonly revisionId: Id<'rev'>;
  readonly replicas: number;
  readonly isDeleting: boolean;
  /** Null or absent: the number is set by hand. */
  readonly autoscaling?: Autoscaling | null;
}

interface Finding {
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

const SHOWN_LOG_LINES = 5;

/** What a person reads about a deployment: one word, and facts that say what is missing and what to do. */
export function statusOf(
  wanted: Wanted,
  replicas: readonly Replica[],
  again: Replacement,
  { before, now }: { readonly before: readonly Condition[]; readonly now: Date },
): Status {
  const live = replicas.filter((replica) => !isTerminal(replica));
  const findings = {
    Placed: placed(live),
    Ready: ready(wanted, live, again),
    UpToDate: upToDate(wanted, live),
  };
  const conditions = Object.entries(findings).map(([type, finding]) =>
    dated({ type: type as Condition['type'], ...finding }, before, now),
  );
  return { phase: phaseOf(wanted, findings, again), conditions };
}

function placed(live: readonly Replica[]): Finding {
  const stuck = live.find(isUnschedulable);
  if (stuck) return { status: false, reason: 'UNSCHEDULABLE', message: stuck.message };
  if (live.some(({ phase }) => phase === 'pending')) return { status: false, reason: 'PENDING', message: '' };
  return { status: true, reason: 'PLACED', message: '' };
}

function ready(wanted: Wanted, live: readonly Replica[], again: Replacement): Finding {
  if (wanted.isDeleting) return { status: false, reason: 'DELETING', message: 'its replicas finish their streams' };
  if (wanted.replicas === 0) {
    const message = wanted.autoscaling ? 'the next request wakes it' : 'set replicas to 1 or more to serve requests';
    return { status: false, reason: 'NO_REPLICAS_WANTED', message };
  }
  const serving = live.filter(({ phase }) => phase === 'ready').length;
  const message = `${serving} of ${wanted.replicas} replicas are ready`;
  if (serving >= wanted.replicas) return { status: true, reason: 'READY', message };
  if (again.kind === 'never') return { status: false, reason: 'CRASH_LOOP', message: crashMessage(again.last) };
  const reason = live.some(isUnschedulable) ? 'UNSCHEDULABLE' : 'PROGRESSING';
  return { status: false, reason, message };
}

function crashMessage({ reason, message, lastLogLines }: Replica): string {
  const lines = lastLogLines.slice(-SHOWN_LOG_LINES).join('\n');
  return `its model server fails each time it starts (${reason}: ${message}); change the spec to try again\n${lines}`;
}

function upToDate({ revisionId }: Wanted, live: readonly Replica[]): Finding {
  const outdated = live.filter((replica) => isWanted(replica) && replica.revisionId !== revisionId);
  if (outdated.length === 0) return { status: true, reason: 'UP_TO_DATE', message: '' };
  const stuck = live.find(isUnschedulable);
  const count = `${outdated.length} replica(s) run an older revision`;
  if (!stuck) return { status: false, reason: 'ROLLING_OUT', message: count };
  const message = `${count} and keep serving, because the new one finds no room: ${stuck.message}`;
  return { status: false, reason: 'NO_CAPACITY', message };
}

function phaseOf(
  wanted: Wanted,
  { Ready, Placed, UpToDate }: Readonly<Record<Condition['type'], Finding>>,
  again: Replacement,
): DeploymentPhase {
  if (wanted.isDeleting) return 'deleting';
  if (wanted.replicas === 0) return 'cold';
  const isStuck = Placed.reason === 'UNSCHEDULABLE' || again.kind === 'never';
  if (Ready.status) return UpToDate.status || isStuck ? 'ready' : 'progressing';
  return isStuck ? 'degraded' : 'progressing';
}

function isUnschedulable({ phase, reason }: Replica): boolean {
  return phase === 'pending' && reason === 'UNSCHEDULABLE';
}

function dated(condition: Omit<Condition, 'since'>, before: readonly Condition[], now: Date): Condition {
  const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, since: same?.since ?? now.toISOString() };
}
