import { autoscale, type Decision, type ScalingSignals } from '@ostro/autoscaling';
import type { CellLearning } from './cell-learning.ts';
import type { Deployment } from './deployment.ts';
import type { SimulatedReplica } from './replica.ts';

/** What scaling a deployment comes to, once busy replicas are let finish. */
export interface ScalingOutcome {
  readonly start: number;
  /** Idle or still loading: stopped now, with where their weights are to wait. */
  readonly stop: readonly { readonly replica: SimulatedReplica; readonly keepInHostRam: boolean }[];
  /** Busy: they get nothing new and stop when they are idle. */
  readonly drain: readonly SimulatedReplica[];
  readonly isHeld: boolean;
  /** When it decides otherwise if nothing happens; Infinity = never. */
  readonly recheckMs: number;
}

/** Asks `autoscale` of libs/autoscaling about one deployment, as the scheduler does, and turns its count into actions. */
export function scale(deployment: Deployment, learning: CellLearning, nowMs: number, startMs: number): ScalingOutcome {
  const signals = { ...signalsOf(deployment, nowMs), learning: learning.current };
  const decision = autoscale(deployment.policy, signals, deployment.history, startMs + nowMs);
  learning.observe(decision.observations);
  deployment.history = decision.history;
  deployment.arrivedSinceScaling = 0;
  const ready = deployment.inPhase('ready');
  const loading = deployment.inPhase('loading');
  const surplus = ready.length + loading.length - decision.replicas;
  const common = { isHeld: decision.held, recheckMs: (decision.recheckAtMs ?? Infinity) - startMs };
  if (surplus <= 0) return { ...common, start: -surplus, stop: [], drain: [] };
  return { ...common, start: 0, ...leaving(decision, { ready, loading, surplus }) };
}

function signalsOf(deployment: Deployment, nowMs: number): ScalingSignals {
  const { held, replicas, arrivedSinceScaling, policy } = deployment;
  const oldest = held[0]?.arrivalMs;
  return {
    running: deployment.inFlight,
    waiting: held.length,
    oldestWaitMs: oldest === undefined ? 0 : nowMs - oldest,
    ttftP95Ms: policy.ttftP95Ms === undefined ? 0 : deployment.recentTtftMs.percentile(950, nowMs),
    tpotP95Ms: policy.tpotP95Ms === undefined ? 0 : deployment.recentTpotMs.percentile(950, nowMs),
    readyReplicas: replicas.filter(({ phase }) => phase === 'ready').length,
    startingReplicas: replicas.filter(({ phase }) => phase === 'loading').length,
    arrivals: arrivedSinceScaling,
  };
}

/** Idle ones first, the least recently used of them first; then those that still load; busy ones drain last. */
function leaving(
  { idle: levels }: Decision,
  { ready, loading, surplus }: { ready: SimulatedReplica[]; loading: SimulatedReplica[]; surplus: number },
): Pick<ScalingOutcome, 'stop' | 'drain'> {
  const byUse = [...ready].sort((a, b) => b.usedMs - a.usedMs || (a.id < b.id ? -1 : 1));
  const idle = byUse.filter(({ inFlight }) => inFlight === 0);
  const tiers = new Map(idle.map((replica, at) => [replica, levels[at]?.tier]));
  const stoppable = [...idle].reverse().concat([...loading].reverse());
  const stop = stoppable.slice(0, surplus).map((replica) => ({
    replica,
    keepInHostRam: tiers.get(replica) === 'hostRam',
  }));
  const busy = byUse.filter(({ inFlight }) => inFlight > 0).sort((a, b) => a.inFlight - b.inFlight);
  return { stop, drain: busy.slice(0, surplus - stop.length) };
}
