import { SeededRandom } from '@ostro/kernel';
import { problemOf, within } from '../check-scenario.ts';
import { engineFactory } from '../engine/create-engine.ts';
import type { EngineListener } from '../engine/engine.ts';
import { type Served, Recorder } from '../metrics/recorder.ts';
import { reportOf } from '../metrics/report-of.ts';
import type { Progress, RefusalReason, Report } from '../report.ts';
import type { Scenario, SimulatedRequest } from '../scenario.ts';
import { CellLearning, LEARN_EVERY_MS } from './cell-learning.ts';
import { Deployment } from './deployment.ts';
import { EventHeap } from './event-heap.ts';
import { Fleet, organizationOf } from './fleet.ts';
import { ReplicaBook } from './replica-book.ts';
import type { SimulatedReplica } from './replica.ts';
import { GatewayRouter, LastUsedRouter } from './router.ts';
import { scale } from './scaler.ts';

/** How often scaling looks again: while requests run or wait, while replicas are idle, while there are none. */
const TICK_BUSY_MS = 1000;
const TICK_IDLE_MS = 5000;
const TICK_NONE_MS = 30_000;
/** A replica takes twice what scaling aims at, so that a burst does not wait for a start; more is held at the gateway. */
const HEADROOM = 2;
const DEFAULT_PREFIX_BLOCK_TOKENS = 512;
const DEFAULT_KEPT_REFUSALS = 20;

type Happening =
  | { readonly kind: 'loaded'; readonly replica: SimulatedReplica; readonly atMs: number }
  | { readonly kind: 'engine'; readonly replica: SimulatedReplica; readonly atMs: number }
  | { readonly kind: 'learn'; readonly atMs: number }
  | { readonly kind: 'tick'; readonly deployment: Deployment; readonly atMs: number };

/** The cluster as time passes: events in order of time, each handled whole before the next. */
export class Simulation {
  readonly #scenario: Scenario;
  readonly #fleet: Fleet;
  readonly #book: ReplicaBook;
  readonly #recorder: Recorder;
  readonly #learning: CellLearning;
  readonly #deployments = new Map<string, Deployment>();
  readonly #events = new EventHeap<Happening>();
  readonly #served = new Map<number, { readonly served: Served; readonly replica: SimulatedReplica }>();
  readonly #levels = { replicas: 0, ready: 0, waiting: 0, running: 0, gpus: 0 };
  readonly #listener: EngineListener;
  #requests = 0;
  #nowMs = 0;

  constructor(scenario: Scenario, onProgress: ((progress: Progress) => void) | undefined) {
    this.#scenario = scenario;
    const { nodes, policy, seed } = scenario;
    this.#fleet = within('nodes', () => new Fleet(nodes, policy.placement, seed));
    this.#recorder = new Recorder(scenario.keepRefusals ?? DEFAULT_KEPT_REFUSALS, () => this.#levels, onProgress);
    this.#book = new ReplicaBook(this.#fleet, this.#recorder, new SeededRandom(seed), this.#levels);
    this.#learning = new CellLearning(policy.budgetMilliEuroPerHour);
    this.#events.push(LEARN_EVERY_MS, { kind: 'learn', atMs: LEARN_EVERY_MS });
    this.#listener = {
      firstToken: (id, atMs, cachedTokens) => this.#firstToken(id, atMs, cachedTokens),
      finished: (id, atMs) => this.#finished(id, atMs),
    };
    scenario.deployments.forEach((spec, at) => {
      const deployment = this.#deployment(at);
      this.#deployments.set(spec.name, deployment);
      this.#tickAt(deployment, 0);
    });
  }

  /** Everything that happens up to and including `untilMs`. */
  runUntil(untilMs: number): void {
    while (this.#events.nextMs <= untilMs) {
      const happening = this.#events.pop()!;
      this.#goTo(happening.atMs);
      this.#handle(happening);
    }
  }

  arrive(request: SimulatedRequest): void {
    this.#goTo(request.arrivalMs);
    this.#recorder.requestArrived();
    const deployment = this.#deployments.get(request.deployment);
    if (deployment === undefined) return this.#recorder.requestRefused('NO_SUCH_DEPLOYMENT');
    deployment.arrived += 1;
    deployment.arrivedSinceScaling += 1;
    const { maxQueue = Infinity } = this.#scenario.policy;
    if (problemOf(request) !== undefined) return this.#refuse(deployment, 'INVALID_REQUEST');
    if (deployment.probe.refusal({ id: 0, ...request }) !== undefined) return this.#refuse(deployment, 'TOO_LONG');
    if (deployment.held.length === 0 && this.#dispatch(deployment, request)) {
      if (deployment.nextTickMs > this.#nowMs + TICK_BUSY_MS) this.#tickAt(deployment, this.#nowMs + TICK_BUSY_MS);
      return;
    }
    if (deployment.held.length >= maxQueue) return this.#refuse(deployment, 'QUEUE_FULL');
    deployment.held.push(request);
    this.#levels.waiting += 1;
    if (deployment.inPhase('ready').length === 0) this.#recorder.coldRequests += 1;
    this.#scale(deployment);
  }

  /** Lets everything finish that will, up to `untilMs`; who waits still is refused. */
  drain(untilMs: number): void {
    while (this.#served.size + this.#levels.waiting > 0 && this.#events.nextMs <= untilMs) {
      this.runUntil(this.#events.nextMs);
    }
    for (const deployment of this.#deployments.values()) {
      while (deployment.held.length > 0) this.#refuseFirst(deployment, 'NEVER_SERVED');
      for (let left = deployment.inFlight; left > 0; left--) this.#refuse(deployment, 'NEVER_SERVED');
      for (const replica of deployment.replicas) this.#book.account(replica, this.#nowMs);
    }
  }

  report(): Report {
    return reportOf(this.#scenario.seed, this.#nowMs, this.#recorder, [...this.#deployments.values()]);
  }

  #handle(happening: Happening): void {
    switch (happening.kind) {
      case 'engine':
        return this.#engineDue(happening.replica, happening.atMs);
      case 'loaded':
        return this.#loaded(happening.replica);
      case 'learn':
        return this.#learn();
      case 'tick':
        if (happening.deployment.nextTickMs === happening.atMs) this.#scale(happening.deployment);
    }
  }

  #learn(): void {
    const held = [...this.#deployments.values()].flatMap(({ replicas }) => replicas);
    this.#learning.fold(this.#book.spentMilliEuro(held, this.#nowMs));
    const atMs = this.#nowMs + LEARN_EVERY_MS;
    this.#events.push(atMs, { kind: 'learn', atMs });
  }

  #deployment(at: number): Deployment {
    const { policy, prefixBlockTokens: blockTokens = DEFAULT_PREFIX_BLOCK_TOKENS } = this.#scenario;
    const spec = this.#scenario.deployments[at]!;
    const { targetConcurrency } = spec.autoscaling ?? policy.autoscaling;
    const engine =
      spec.engine.kind === 'batching' && spec.engine.maxSequences === undefined
        ? { ...spec.engine, maxSequences: HEADROOM * targetConcurrency }
        : spec.engine;
    const factory = within(`deployments[${at}].engine`, () => engineFactory(engine, blockTokens));
    const { concurrency } = factory;
    const organizationId = organizationOf(spec.placement);
    const router =
      spec.engine.kind === 'fixed-time'
        ? new LastUsedRouter(concurrency)
        : new GatewayRouter(policy.routing, { concurrency, blockTokens, organizationId }, (id) => this.#fleet.node(id));
    return new Deployment(at, spec, policy.autoscaling, { factory, router });
  }

  #goTo(nowMs: number): void {
    this.#recorder.series.advance(nowMs);
    this.#nowMs = nowMs;
  }

  #tickAt(deployment: Deployment, atMs: number): void {
    deployment.nextTickMs = atMs;
    this.#events.push(atMs, { kind: 'tick', deployment, atMs });
  }

  #scale(deployment: Deployment): void {
    this.#refuseExpired(deployment);
    const outcome = scale(deployment, this.#learning, this.#nowMs, this.#scenario.startMs ?? 0);
    const { start, stop, drain, recheckMs } = outcome;
    this.#recorder.scalingDecided(outcome);
    for (const { replica, keepInHostRam } of stop) this.#book.stop(replica, keepInHostRam, this.#nowMs);
    for (const replica of drain) this.#book.drain(replica);
    for (let count = 0; count < start; count++) if (!this.#start(deployment)) break;
    const tickMs = this.#nowMs + tickAfter(deployment);
    this.#tickAt(deployment, recheckMs > this.#nowMs ? Math.min(tickMs, recheckMs) : tickMs);
  }

  #start(deployment: Deployment): boolean {
    const started = this.#book.start(deployment, this.#nowMs);
    if (started === undefined) return false;
    const { replica, readyMs } = started;
    // The trace begins in the middle of a service's life: what it keeps ready anyway is ready before its first request.
    const atMs = this.#recorder.arrived === 0 ? this.#nowMs : readyMs;
    this.#events.push(atMs, { kind: 'loaded', replica, atMs });
    return true;
  }

  #loaded(replica: SimulatedReplica): void {
    if (replica.phase !== 'loading') return;
    this.#book.loaded(replica, this.#nowMs);
    this.#serveHeld(replica.deployment);
    this.#scale(replica.deployment);
  }

  #dispatch(deployment: Deployment, request: SimulatedRequest): boolean {
    const replica = deployment.router.choose(request, deployment.inPhase('ready'), this.#nowMs);
    if (replica === undefined) return false;
    const id = this.#requests++;
    const { arrivalMs, inputTokens, outputTokens } = request;
    const served = {
      arrivalMs,
      inputTokens,
      outputTokens,
      dispatchedMs: this.#nowMs,
      firstMs: undefined,
      cachedTokens: 0,
    };
    this.#served.set(id, { served, replica });
    replica.engine.advance(this.#nowMs, this.#listener);
    replica.engine.submit({ ...request, id }, this.#nowMs);
    replica.inFlight += 1;
    replica.usedMs = this.#nowMs;
    this.#levels.running += 1;
    this.#recorder.decisions.routed += 1;
    this.#watch(replica);
    return true;
  }

  #serveHeld(deployment: Deployment): void {
    this.#refuseExpired(deployment);
    while (deployment.held.length > 0 && this.#dispatch(deployment, deployment.held[0]!)) {
      deployment.held.shift();
      this.#levels.waiting -= 1;
    }
  }

  #watch(replica: SimulatedReplica): void {
    const atMs = replica.engine.nextMs();
    if (atMs === replica.dueMs) return;
    replica.dueMs = atMs;
    if (atMs < Infinity) this.#events.push(atMs, { kind: 'engine', replica, atMs });
  }

  #engineDue(replica: SimulatedReplica, atMs: number): void {
    if (replica.dueMs !== atMs || replica.phase === 'stopped') return;
    const before = replica.inFlight;
    replica.engine.advance(atMs, this.#listener);
    this.#watch(replica);
    if (replica.inFlight === before) return;
    const { deployment } = replica;
    if (deployment.held.length > 0) this.#serveHeld(deployment);
    if (replica.phase === 'draining' && replica.inFlight === 0) this.#book.stop(replica, false, this.#nowMs);
  }

  #firstToken(id: number, atMs: number, cachedTokens: number): void {
    const { served, replica } = this.#served.get(id)!;
    served.firstMs = atMs;
    served.cachedTokens = cachedTokens;
    replica.deployment.recentTtftMs.add(atMs - served.arrivalMs, atMs);
  }

  #finished(id: number, atMs: number): void {
    const { served, replica } = this.#served.get(id)!;
    this.#served.delete(id);
    const { deployment } = replica;
    const { waitMs, ttftMs } = this.#recorder.requestCompleted(served, atMs);
    deployment.completed += 1;
    deployment.waitMs.add(waitMs);
    if (ttftMs !== undefined) deployment.ttftMs.add(ttftMs);
    if (served.firstMs !== undefined && served.outputTokens > 1) {
      deployment.recentTpotMs.add((atMs - served.firstMs) / (served.outputTokens - 1), atMs);
    }
    replica.inFlight -= 1;
    replica.usedMs = atMs;
    this.#levels.running -= 1;
  }

  #refuse(deployment: Deployment, reason: RefusalReason): void {
    deployment.refused += 1;
    this.#recorder.requestRefused(reason);
  }

  #refuseFirst(deployment: Deployment, reason: RefusalReason): void {
    deployment.held.shift();
    this.#levels.waiting -= 1;
    this.#refuse(deployment, reason);
  }

  #refuseExpired(deployment: Deployment): void {
    const { maxHoldMs = Infinity } = this.#scenario.policy;
    while (deployment.held.length > 0 && this.#nowMs - deployment.held[0]!.arrivalMs >= maxHoldMs) {
      this.#refuseFirst(deployment, 'HELD_TOO_LONG');
    }
  }
}

function tickAfter({ held, replicas }: Deployment): number {
  if (held.length > 0 || replicas.some(({ inFlight }) => inFlight > 0)) return TICK_BUSY_MS;
  return replicas.length > 0 ? TICK_IDLE_MS : TICK_NONE_MS;
}
