/** Why the agent itself refuses an attempt, before the first byte; the gateway may try another replica. */
export type Refusal =
  'busy' | 'draining' | 'not_ready' | 'unknown_replica' | 'stale_admission' | 'bad_admission' | 'wrong_group';

export const REFUSAL_STATUS: Readonly<Record<Refusal, number>> = {
  busy: 429,
  draining: 503,
  not_ready: 503,
  unknown_replica: 404,
  stale_admission: 400,
  bad_admission: 400,
  wrong_group: 403,
};

export interface AskedReplica {
  readonly state: 'ready' | 'draining' | 'not_ready';
  readonly gatewayGroups: readonly string[];
  readonly runningRequests: number;
  readonly concurrency: number;
}

/** A stamp is good for so long, in both directions: one from the future would never grow old. */
const STAMP_GOOD_FOR_MS = 30_000;

/** Who may know nothing learns nothing: the group is looked at before the state of the replica. */
export function refusalOf(
  replica: AskedReplica | undefined,
  caller: { readonly gatewayGroup: string; readonly admittedAtMs: number },
  nowMs: number,
): Refusal | undefined {
  if (!replica) return 'unknown_replica';
  if (!replica.gatewayGroups.includes(caller.gatewayGroup)) return 'wrong_group';
  // Said this way round, a stamp that is no time at all is stale too.
  if (!(Math.abs(nowMs - caller.admittedAtMs) <= STAMP_GOOD_FOR_MS)) return 'stale_admission';
  if (replica.state !== 'ready') return replica.state;
  return replica.runningRequests >= replica.concurrency ? 'busy' : undefined;
}
