import { SeededRandom } from '@ostro/kernel';
import {
  apply,
  type ClusterSnapshot,
  type Decision,
  DemandEstimator,
  place,
  type PlacementRequest,
  type Profile,
  release,
  valuationOf,
} from '@ostro/placement';
import { type Deployment, deployments } from './deployments.ts';
import { fleet } from './fleet.ts';
import { WeightCaches } from './weight-caches.ts';

export interface InferenceFigures {
  /** Placements for which some node that fits has the weights, and how many of them went to such a node. */
  readonly couldHit: number;
  readonly hit: number;
  readonly placed: number;
  readonly refused: number;
  /** Of all accelerator memory, promised to replicas in the mean over time; an exclusive replica has all it sits on. */
  readonly allocationPercent: number;
}

const DEPLOYMENTS = 200;
/** Replicas wanted, per hour. */
const ARRIVALS_PER_HOUR = 220;
const MEAN_LIFE_HOURS = 4;
/** The first hours fill the fleet and its caches and are not counted. */
const WARM_UP_HOURS = 12;
const HOURS = 72;
/** A deployment is awake for some hours and then asleep for some, so that replicas come back to weights left behind. */
const MEAN_AWAKE_HOURS = 6;

interface Running {
  readonly replicaId: string;
  readonly nodeId: string;
  readonly until: number;
}

/** Replicas come and go on the fleet by a Poisson process; what fits nowhere is refused for good. */
export function inferenceRun(profile: Profile, seed: number): InferenceFigures {
  const random = new SeededRandom(seed);
  const simulated = new SimulatedFleet(profile);
  const all = deployments(DEPLOYMENTS, random).map((deployment) => new SleepyDeployment(deployment, random));
  let now = 0;
  let at = 0;
  while (now < HOURS) {
    now += exponential(random, 1 / ARRIVALS_PER_HOUR);
    const lasting = exponential(random, MEAN_LIFE_HOURS);
    const chosen = choose(all, now, random);
    simulated.arrive(chosen, { replicaId: `rep_${at}`, now, until: now + lasting });
    at += 1;
  }
  return simulated.figures();
}

class SleepyDeployment {
  #awake = true;
  #changesAt = 0;
  readonly #random: SeededRandom;
  readonly deployment: Deployment;

  constructor(deployment: Deployment, random: SeededRandom) {
    this.deployment = deployment;
    this.#random = random;
  }

  popularityAt(now: number): number {
    while (this.#changesAt <= now) {
      this.#changesAt += exponential(this.#random, MEAN_AWAKE_HOURS);
      this.#awake = !this.#awake;
    }
    return this.#awake ? this.deployment.popularity : 0;
  }
}

function choose(all: readonly SleepyDeployment[], now: number, random: SeededRandom): Deployment {
  const popularities = all.map((each) => each.popularityAt(now));
  let left = random.share() * popularities.reduce((sum, each) => sum + each, 0);
  const found = popularities.findIndex((each) => (left -= each) < 0);
  return all[Math.max(0, found)]!.deployment;
}

class SimulatedFleet {
  #cluster: ClusterSnapshot = fleet();
  readonly #caches = new WeightCaches();
  readonly #demand = new DemandEstimator();
  readonly #capacity = bytesOf(this.#cluster, ({ memoryBytes }) => memoryBytes);
  #running: Running[] = [];
  #counts = { couldHit: 0, hit: 0, placed: 0, refused: 0 };
  #usedTime = 0;
  #countedTime = 0;
  #since = WARM_UP_HOURS;
  readonly #profile: Profile;

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  arrive(
    { request: asked, weightBytes }: Deployment,
    { replicaId, now, until }: { readonly replicaId: string; readonly now: number; readonly until: number },
  ): void {
    this.#endUntil(now);
    this.#passTime(now);
    const request = { ...asked, replicaId } as PlacementRequest;
    const mix = this.#demand.observe(request);
    if (mix !== undefined) this.#cluster = this.#cluster.withValuation(valuationOf(this.#cluster.nodes, mix));
    const decision = place(request, this.#cluster, this.#profile, 0);
    if (now >= WARM_UP_HOURS) this.#count(request, decision);
    if (decision.kind === 'unschedulable') return;
    const { nodeId } = decision;
    this.#cluster = apply(this.#cluster, decision);
    const node = this.#caches.touched(this.#cluster.node(nodeId)!, request.modelDigest, weightBytes);
    this.#cluster = this.#cluster.withNode(node);
    this.#running.push({ replicaId, nodeId, until });
  }

  figures(): InferenceFigures {
    return { ...this.#counts, allocationPercent: (100 * this.#usedTime) / this.#countedTime };
  }

  #count(request: PlacementRequest, decision: Decision): void {
    if (decision.kind === 'unschedulable') {
      this.#counts.refused += 1;
      return;
    }
    this.#counts.placed += 1;
    if (this.#couldHit(request)) this.#counts.couldHit += 1;
    if (holds(this.#cluster, decision.nodeId, request.modelDigest)) this.#counts.hit += 1;
  }

  /** Whether the request fits a node that has the weights, were it the only kind of node there is. */
  #couldHit(request: PlacementRequest): boolean {
    const without = this.#cluster.nodes.filter((node) => !holds(this.#cluster, node.nodeId, request.modelDigest));
    if (without.length === this.#cluster.nodes.length) return false;
    const closed = without.reduce((cluster, node) => cluster.withNode({ ...node, state: 'cordoned' }), this.#cluster);
    return place(request, closed, this.#profile, 0).kind === 'placement';
  }

  #endUntil(now: number): void {
    const ending = this.#running.filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
    this.#running = this.#running.filter(({ until }) => until > now);
    for (const { replicaId, nodeId, until } of ending) {
      this.#passTime(until);
      const left = release(this.#cluster, nodeId, replicaId);
      this.#cluster = left.withNode(this.#caches.reported(left.node(nodeId)!));
    }
  }

  #passTime(now: number): void {
    if (now <= this.#since) return;
    const free = bytesOf(this.#cluster, ({ freeMemoryBytes }) => freeMemoryBytes);
    this.#usedTime += (1 - free / this.#capacity) * (now - this.#since);
    this.#countedTime += now - this.#since;
    this.#since = now;
  }
}

function holds(cluster: ClusterSnapshot, nodeId: string, digest: string): boolean {
  const { vram, hostRam, disk } = cluster.node(nodeId)!.cachedModelDigests;
  return vram.includes(digest) || hostRam.includes(digest) || disk.includes(digest);
}

type Accelerator = ClusterSnapshot['nodes'][number]['accelerators'][number];

function bytesOf(cluster: ClusterSnapshot, of: (accelerator: Accelerator) => number): number {
  let bytes = 0;
  for (const { accelerators } of cluster.nodes) for (const each of accelerators) bytes += of(each);
  return bytes;
}

function exponential(random: SeededRandom, mean: number): number {
  return -mean * Math.log(1 - random.share());
}
