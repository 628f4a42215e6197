import { DomainError, type Id } from '@ostro/kernel';
import {
  isAmount,
  isComputeCapability,
  MAX_ACCELERATOR_BYTES,
  MAX_CPU_MILLI,
  MAX_HOST_BYTES,
} from './cluster/check-node.ts';

/** What must fit, on one node and whole, for one replica to run. */
export interface PlacementRequest {
  readonly replicaId: Id<'rep'>;
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
  /** Tensor-parallel size: that many equal accelerators in one island. A model on a CPU takes one of model `CPU`. */
  readonly count: number;
  /** VRAM need of one accelerator, see `vramNeed`. Never 0: that would slip in beside an exclusive replica. */
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

const MAX_COUNT = 1024;
const COUNTRY = /^[A-Z]{2}$/;

/** @throws DomainError INVALID_ARGUMENT (INVALID_PLACEMENT_REQUEST) naming the field. */
export function checkRequest(request: PlacementRequest): void {
  const { accelerator, residency, minComputeCapability } = request;
  checkAmount('accelerator.count', accelerator.count, 1, MAX_COUNT);
  checkAmount('accelerator.memoryBytesEach', accelerator.memoryBytesEach, 1, MAX_ACCELERATOR_BYTES);
  checkAmount('cpuMilli', request.cpuMilli, 0, MAX_CPU_MILLI);
  checkAmount('hostMemoryBytes', request.hostMemoryBytes, 0, MAX_HOST_BYTES);
  if (!residency.countries.every((country) => COUNTRY.test(country))) {
    throw invalid('residency.countries', 'ISO 3166-1 alpha-2 codes in capitals, such as "FR"');
  }
  if (minComputeCapability !== undefined && !isComputeCapability(minComputeCapability)) {
    throw invalid('minComputeCapability', 'of the form "9.0"');
  }
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
