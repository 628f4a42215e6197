import type { SeededRandom } from '@ostro/kernel';
import { within } from '../check-scenario.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Levels } from '../metrics/series.ts';
import type { LoadTimes } from '../scenario.ts';
import type { Deployment } from './deployment.ts';
import type { Fleet } from './fleet.ts';
import type { SimulatedReplica } from './replica.ts';
import type { LoadTier } from './weight-tiers.ts';

const HOUR_MS = 3_600_000;
/** What fitted nowhere is tried again after so long, or when something was released. */
const RETRY_MS = 10_000;
const DEFAULT_SPREAD_MILLI = 100;

export interface Started {
  readonly replica: SimulatedReplica;
  readonly readyMs: number;
}

/** The life of replicas from reservation to release, and what it costs. */
export class ReplicaBook {
  readonly #fleet: Fleet;
  readonly #recorder: Recorder;
  readonly #random: SeededRandom;
  readonly #levels: { -readonly [K in keyof Levels]: number };

  constructor(
    fleet: Fleet,
    recorder: Recorder,
    random: SeededRandom,
    levels: { -readonly [K in keyof Levels]: number },
  ) {
    this.#fleet = fleet;
    this.#recorder = recorder;
    this.#random = random;
    this.#levels = levels;
  }

  /** One more replica, loading; undefined when it fits nowhere now, or was found to a moment ago. */
  start(deployment: Deployment, nowMs: number): Started | undefined {
    const { releases } = this.#fleet;
    if (nowMs < deployment.blockedUntilMs && deployment.blockedAtRelease === releases) return undefined;
    const placed = within('deployments', () => this.#fleet.start(deployment));
    if ('refusal' in placed) {
      deployment.blockedUntilMs = nowMs + RETRY_MS;
      deployment.blockedAtRelease = releases;
      const { name } = deployment.spec;
      this.#recorder.placementRefused(() => ({ atMs: nowMs, deployment: name, text: placed.refusal() }));
      return undefined;
    }
    const engine = deployment.factory.create();
    const idle = { inFlight: 0, usedMs: nowMs, dueMs: Infinity };
    const replica: SimulatedReplica = { ...placed, ...idle, deployment, engine, placedMs: nowMs, phase: 'loading' };
    deployment.replicas.push(replica);
    this.#recorder.replicaStarted(placed.tier, deployment.held.length > 0);
    if (deployment.held.length > 0) deployment.coldStarts += 1;
    this.#levels.replicas += 1;
    this.#levels.gpus += placed.accelerators;
    return { replica, readyMs: nowMs + this.#loadMs(deployment.spec.load, placed.tier) };
  }

  loaded(replica: SimulatedReplica, nowMs: number): void {
    replica.phase = 'ready';
    replica.usedMs = nowMs;
    this.#fleet.loaded(replica.nodeId, replica.deployment.digest);
    this.#levels.ready += 1;
  }

  drain(replica: SimulatedReplica): void {
    replica.phase = 'draining';
    this.#levels.ready -= 1;
  }

  stop(replica: SimulatedReplica, keepInHostRam: boolean, nowMs: number): void {
    const { deployment } = replica;
    if (replica.phase === 'ready') this.#levels.ready -= 1;
    replica.phase = 'stopped';
    this.account(replica, nowMs);
    deployment.replicas = deployment.replicas.filter((each) => each !== replica);
    this.#fleet.stop(replica, keepInHostRam);
    this.#levels.replicas -= 1;
    this.#levels.gpus -= replica.accelerators;
  }

  /** Once for each replica: when it stops, or when the simulation ends. */
  account(replica: SimulatedReplica, nowMs: number): void {
    const gpuMs = (nowMs - replica.placedMs) * replica.accelerators;
    replica.deployment.gpuMs += gpuMs;
    this.#recorder.replicaEnded(gpuMs, milliEuroOf(replica, nowMs), replica.engine.load().preemptions);
  }

  /** By all replicas so far, those still held included. */
  spentMilliEuro(held: readonly SimulatedReplica[], nowMs: number): number {
    return held.reduce((sum, replica) => sum + milliEuroOf(replica, nowMs), this.#recorder.milliEuro);
  }

  #loadMs(load: LoadTimes, tier: LoadTier): number {
    const spread = load.spreadMilli ?? DEFAULT_SPREAD_MILLI;
    const milli = 1000 - spread + this.#random.below(2 * spread + 1);
    return (load[`${tier}Ms`] * milli) / 1000;
  }
}

function milliEuroOf({ placedMs, milliEuroPerHour }: SimulatedReplica, nowMs: number): number {
  return ((nowMs - placedMs) * milliEuroPerHour) / HOUR_MS;
}
