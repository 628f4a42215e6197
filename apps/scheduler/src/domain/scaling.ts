import {
  autoscale,
  type Decision,
  parsePolicy,
  readHistory,
  type ScalingHistory,
  type ScalingPolicy,
  type ScalingSignals,
} from '@ostro/autoscaling';
import type { Id } from '@ostro/kernel';
import type { Autoscaling } from './autoscaling.ts';
import type { Node } from './node.ts';
import type { Replica } from './replica.ts';

/** What one scaling decision leaves for the next: plain JSON, kept beside the deployment. */
export interface ScalingState {
  readonly history: ScalingHistory;
  /** How many requests each replica had begun when it was looked at last. */
  readonly begun: Readonly<Record<string, number>>;
}

/** Requests that gateways hold because no replica is free. */
export interface Demand {
  readonly waiting: number;
  /** Since when the oldest waits; null: none does. */
  readonly waitingSince: Date | null;
}

export const NO_DEMAND: Demand = { waiting: 0, waitingSince: null };

/** What is known of a deployment when demand is to decide. */
export interface Observed {
  /** Replicas wanted until now. */
  readonly wanted: number;
  readonly replicas: readonly Replica[];
  readonly nodes: ReadonlyMap<Id<'nod'>, Node>;
  readonly demand: Demand;
  /** Absent: demand has never decided before. */
  readonly state: ScalingState | undefined;
  /** Requests a replica serves at once. */
  readonly concurrency: number;
}

/** How many replicas there should be, with everything it follows from, so that it can be decided again. */
export interface Scale {
  readonly decision: Decision;
  readonly inputs: ScaleInputs;
  readonly state: ScalingState;
}

export interface ScaleInputs {
  readonly policy: ScalingPolicy;
  readonly signals: ScalingSignals;
  readonly history: ScalingHistory;
  readonly nowMs: number;
}

/**
 * A report is good for so long: five beats of an agent. Of a replica without a good report nothing is known, and what
 * is not known takes nothing away.
 */
export const REPORT_GOOD_FOR_MS = 10_000;

/** Lets demand decide, on what the nodes of its replicas reported last and what gateways hold. */
export function decideScale(autoscaling: Autoscaling, observed: Observed, now: Date): Scale {
  const { state, concurrency } = observed;
  const load = loadOf(observed, now);
  const inputs = {
    policy: policyOf(autoscaling, concurrency),
    signals: signalsOf(observed, load, now),
    history: readHistory(state?.history),
    nowMs: now.getTime(),
  };
  const decision = autoscale(inputs.policy, inputs.signals, inputs.history, inputs.nowMs);
  return { decision, inputs, state: { history: decision.history, begun: load?.begun ?? state?.begun ?? {} } };
}

/** What became of the number: "held" where it might have fallen, had a signal not been missing. */
export function outcomeOf({ decision, inputs }: Scale): 'up' | 'down' | 'held' | 'unchanged' {
  const { readyReplicas = 0, startingReplicas = 0 } = inputs.signals;
  const change = decision.replicas - readyReplicas - startingReplicas;
  if (change !== 0) return change > 0 ? 'up' : 'down';
  return decision.held ? 'held' : 'unchanged';
}

/** Demand is looked at so often while there is any, or something runs for it. */
const LOOK_EVERY_MS = 2_000;

/** When to look again: what is cold is woken by who needs it, or when the engine says that its answer may change. */
export function nextLook({ decision, inputs }: Scale, again: Date, now: Date): Date {
  const soonMs = now.getTime() + LOOK_EVERY_MS;
  const isCold = decision.replicas === 0 && inputs.signals.readyReplicas === 0;
  const dueMs = isCold ? Math.max(soonMs, decision.recheckAtMs ?? Infinity) : soonMs;
  return new Date(Math.min(again.getTime(), dueMs));
}

/** In the engine's words: a share of the concurrency becomes whole requests, at least one. */
function policyOf(autoscaling: Autoscaling, concurrency: number): ScalingPolicy {
  const { minReplicas, maxReplicas, targetPercent, idleTimeoutMs } = autoscaling;
  return parsePolicy({
    minReplicas,
    maxReplicas,
    targetConcurrency: Math.max(1, Math.floor((concurrency * targetPercent) / 100)),
    // The one delay: the engine's own would come on top of it.
    idle: { idleMs: idleTimeoutMs },
    scaleDown: { stabilisationMs: 0 },
  });
}

/**
 * What is wanted and not ready counts as on its way: a replica that failed is replaced, and the one that a rollout runs
 * beyond the wanted number is nobody's demand.
 */
function signalsOf({ wanted, replicas, demand }: Observed, load: Load | undefined, now: Date): ScalingSignals {
  const ready = Math.min(wanted, replicas.filter(isReady).length);
  return {
    // A request that came and went between two looks needed a replica too.
    running: load && Math.max(load.running, Math.sign(load.arrivals)),
    waiting: demand.waiting,
    oldestWaitMs: waitedMs(demand, replicas, now),
    ttftP95Ms: undefined,
    tpotP95Ms: undefined,
    readyReplicas: ready,
    startingReplicas: wanted - ready,
    arrivals: load?.arrivals,
  };
}

/**
 * How long the oldest has waited in vain: a replica that has only just become ready had no time to take what waits, and
 * has not proved too little.
 */
function waitedMs({ waitingSince }: Demand, replicas: readonly Replica[], now: Date): number {
  if (waitingSince === null) return 0;
  const newest = Math.max(0, ...replicas.filter(isReady).map(({ phaseAt }) => phaseAt.getTime()));
  return Math.max(0, now.getTime() - Math.max(waitingSince.getTime(), newest));
}

interface Load {
  readonly running: number;
  /** Requests that began since the last look. */
  readonly arrivals: number;
  readonly begun: Readonly<Record<string, number>>;
}

/** Requests by replica as the reports said last, however old. */
export function runningOf(nodes: ReadonlyMap<Id<'nod'>, Node>): ReadonlyMap<string, number> {
  const loads = [...nodes.values()].flatMap((node) => Object.entries(node.loads));
  return new Map(loads.map(([replicaId, { running }]) => [replicaId, running]));
}

/** Undefined when a replica that serves has no good report. */
function loadOf({ replicas, nodes, state }: Observed, now: Date): Load | undefined {
  const begun: Record<string, number> = {};
  let [running, arrivals] = [0, 0];
  for (const { id, nodeId } of replicas.filter(isReady)) {
    const node = nodeId === null ? undefined : nodes.get(nodeId);
    const load = node && isHeard(node, now) ? node.loads[id] : undefined;
    if (load === undefined) return undefined;
    running += load.running;
    begun[id] = load.begun;
    // Before the first look nobody knows when they came.
    if (state !== undefined) arrivals += begunSince(state.begun[id], load.begun);
  }
  return { running, arrivals, begun };
}

/** An agent that starts anew counts from zero. */
function begunSince(before = 0, now: number): number {
  return now < before ? now : now - before;
}

function isHeard({ reportedAt }: Node, now: Date): boolean {
  return reportedAt !== null && now.getTime() - reportedAt.getTime() <= REPORT_GOOD_FOR_MS;
}

function isReady({ phase }: Replica): boolean {
  return phase === 'ready';
}
