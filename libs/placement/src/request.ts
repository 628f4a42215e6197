import { DomainError, type Id } from '@ostro/kernel';
import { isAmount, isComputeCapability, MAX_ACCELERATOR_BYTES, MAX_CPU_MILLI, MAX_HOST_BYTES } from './amounts.ts';

/** What must fit, whole, for one replica to run. */
export interface PlacementRequest extends RequestShape {
  readonly replicaId: Id<'rep'>;
  /** Higher wins; 0 where nothing is said. Only a replica of strictly lower priority may be preempted. */
  readonly priority?: number;
  /** Whether replicas of lower priority may be stopped for this one when it fits nowhere. */
  readonly mayPreempt?: boolean;
  /** Asks for several equal members instead of one, placed whole or not at all. */
  readonly gang?: Gang;
}

/** Members of one replica that spans nodes: each takes all that the request says. */
export interface Gang {
  readonly members: number;
  /** All members in one site, because they talk to each other all the time. */
  readonly sameSite: boolean;
}

/** All that filters and scorers may look at: requests of equal shape have the same places, in the same order. */
export interface RequestShape {
  readonly organizationId: Id<'org'>;
  readonly deploymentId: Id<'dep'>;
  readonly modelDigest: string;
  readonly accelerator: AcceleratorRequest;
  readonly cpuMilli: number;
  readonly hostMemoryBytes: number;
  readonly residency: Residency;
  readonly tolerations: readonly Toleration[];
  /** `spread` keeps replicas of one deployment apart as far as the weights allow. */
  readonly antiAffinity: 'none' | 'spread';
  /** Runtime that serves it, such as `llama-cpp`; absent = any. */
  readonly runtime?: string;
  /** `major.minor`; a device that reports none, such as a CPU, is then refused. */
  readonly minComputeCapability?: string;
}

export interface AcceleratorRequest {
  /** Any of these; empty = any at all. */
  readonly models: readonly string[];
  /**
   * Tensor-parallel size: that many equal accelerators in one island. A model on a CPU takes one of model `CPU`; a
   * process that serves no model takes 0.
   */
  readonly count: number;
  /** VRAM need of one accelerator, see `vramNeed`. 0 only with count 0: it would slip in beside an exclusive replica. */
  readonly memoryBytesEach: number;
  /** Nobody else on these accelerators, not even the same organization. */
  readonly exclusive: boolean;
}

/** Each empty list restricts nothing. Where a list restricts, a node that does not say is refused. */
export interface Residency {
  /** ISO 3166-1 alpha-2 in capitals. */
  readonly countries: readonly string[];
  readonly operators: readonly string[];
  /** The node must hold all of them. */
  readonly certifications: readonly string[];
}

/** Tolerates taints with this key, and with this value where one is given. */
export interface Toleration {
  readonly key: string;
  readonly value?: string;
}

/** Equal for requests of equal shape, and only for them. */
export function shapeKey(request: PlacementRequest): string {
  const { replicaId: _replicaId, priority: _priority, mayPreempt: _mayPreempt, gang: _gang, ...shape } = request;
  return JSON.stringify(shape);
}

const MAX_COUNT = 1024;
const MAX_MEMBERS = 1024;
/** Wide enough for any scheme of classes, and small enough to be told from a mistake. */
const MAX_PRIORITY = 10 ** 9;
const COUNTRY = /^[A-Z]{2}$/;

/** @throws DomainError INVALID_ARGUMENT (INVALID_PLACEMENT_REQUEST) naming the field. */
export function checkRequest(request: PlacementRequest): void {
  const { accelerator, residency, minComputeCapability } = request;
  checkAmount('accelerator.count', accelerator.count, 0, MAX_COUNT);
  const [least, most] = accelerator.count === 0 ? [0, 0] : [1, MAX_ACCELERATOR_BYTES];
  checkAmount('accelerator.memoryBytesEach', accelerator.memoryBytesEach, least, most);
  checkAmount('cpuMilli', request.cpuMilli, 0, MAX_CPU_MILLI);
  checkAmount('hostMemoryBytes', request.hostMemoryBytes, 0, MAX_HOST_BYTES);
  if (!residency.countries.every((country) => COUNTRY.test(country))) {
    throw invalid('residency.countries', 'ISO 3166-1 alpha-2 codes in capitals, such as "FR"');
  }
  if (minComputeCapability !== undefined && !isComputeCapability(minComputeCapability)) {
    throw invalid('minComputeCapability', 'of the form "9.0"');
  }
  checkPriority(request);
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_SEED). */
export function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_SEED', `seed must be a whole number below 2^32, not ${seed}`, {
    details: { field: 'seed' },
  });
}

function checkPriority({ priority = 0, mayPreempt, gang }: PlacementRequest): void {
  if (!isAmount(Math.abs(priority), MAX_PRIORITY)) {
    throw invalid('priority', `a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}, not ${priority}`);
  }
  if (gang === undefined) return;
  checkAmount('gang.members', gang.members, 1, MAX_MEMBERS);
  if (mayPreempt) throw invalid('mayPreempt', 'left out for a gang: victims are weighed on one node only');
}

function checkAmount(field: string, value: number, min: number, max: number): void {
  if (isAmount(value, max) && value >= min) return;
  throw invalid(field, `a whole number from ${min} to ${max}, not ${value}`);
}

function invalid(field: string, expected: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_PLACEMENT_REQUEST', `${field} must be ${expected}`, {
    details: { field },
  });
}
