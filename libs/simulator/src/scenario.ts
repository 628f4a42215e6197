import type { ScalingPolicy } from '@ostro/autoscaling';
import type { Id } from '@ostro/kernel';
import type { AcceleratorRequest, NodeSnapshot, Profile, Residency, Toleration } from '@ostro/placement';
import type { Profile as RoutingProfile } from '@ostro/routing';
import type { Coefficients } from './engine/coefficients.ts';
import type { EngineModel } from './engine/engine-model.ts';
import type { GpuDataSheet } from './engine/gpu.ts';
import type { Precision } from './engine/model-sizes.ts';

/** Everything a simulation depends on: the same scenario and seed give the same report, byte for byte. */
export interface Scenario {
  /** Priced by `pricePerHourMilliEuro` of the whole node; a replica pays for its share of the node's accelerators. */
  readonly nodes: readonly NodeSnapshot[];
  readonly deployments: readonly SimulatedDeployment[];
  /** In order of arrival. Read once and not kept, so that a trace may be longer than memory. */
  readonly requests: Iterable<SimulatedRequest>;
  readonly policy: SimulatedPolicy;
  /** A whole number below 2^32: ties of placement, the order of routing, spread of load times. */
  readonly seed: number;
  /** What `arrivalMs` 0 is in milliseconds since 1970, for schedules; 0 unless given. */
  readonly startMs?: number;
  /** Tokens behind one id of `prefixBlocks`; 512 unless given. */
  readonly prefixBlockTokens?: number;
  /** How many refused placements the report explains in words; 20 unless given. */
  readonly keepRefusals?: number;
}

/** What decides: the very libraries that scheduler and gateway run. */
export interface SimulatedPolicy {
  readonly placement: Profile;
  readonly autoscaling: ScalingPolicy;
  readonly routing: RoutingProfile;
  /** What the cell may spend on replicas: sets the price of a saved second where idle is `cell`. */
  readonly budgetMilliEuroPerHour?: number;
  /** How long a request waits for a replica before it is refused (HELD_TOO_LONG); absent = as long as it takes. */
  readonly maxHoldMs?: number;
  /** Requests of one deployment that may wait for a replica (QUEUE_FULL); absent = any number. */
  readonly maxQueue?: number;
}

export interface SimulatedDeployment {
  /** What a request names. */
  readonly name: string;
  readonly engine: EngineSpec;
  readonly placement: SimulatedPlacement;
  readonly load: LoadTimes;
  /** In place of the policy's, for this deployment alone. */
  readonly autoscaling?: ScalingPolicy;
}

/** A PlacementRequest without what the simulator mints. */
export interface SimulatedPlacement {
  readonly accelerator: AcceleratorRequest;
  readonly organizationId?: Id<'org'>;
  readonly cpuMilli?: number;
  readonly hostMemoryBytes?: number;
  readonly residency?: Residency;
  readonly tolerations?: readonly Toleration[];
  readonly antiAffinity?: 'none' | 'spread';
}

/** From each tier to Ready, in milliseconds. */
export interface LoadTimes {
  readonly noneMs: number;
  readonly diskMs: number;
  readonly hostRamMs: number;
  /** Each load takes its time plus or minus up to this share, drawn from the seed; 100 (10 %) unless given. */
  readonly spreadMilli?: number;
}

export type EngineSpec = FixedTimeSpec | BatchingSpec;

/** Requests that bring their own service time, such as images: so many at once on a replica. */
export interface FixedTimeSpec {
  readonly kind: 'fixed-time';
  readonly concurrency: number;
}

export interface BatchingSpec {
  readonly kind: 'batching';
  readonly engine: EngineName;
  /** The published name of a model in `ENGINE_MODELS`, or its facts. */
  readonly model: string | EngineModel;
  /** A name in `GPU_DATA_SHEETS`, or the figures. */
  readonly gpu: string | GpuDataSheet;
  /** `bf16` unless given. */
  readonly precision?: Precision;
  readonly tensorParallel: number;
  readonly dataParallel?: number;
  /** Sequences at once; the gateway holds the rest. Twice the policy's target concurrency unless given. */
  readonly maxSequences?: number;
  /** Longest prompt and answer together; the model's context unless given. */
  readonly contextTokens?: number;
  /** Measured on one's own machines; the fitted ones of the library unless given. */
  readonly coefficients?: Coefficients;
}

export type EngineName = 'vllm' | 'sglang' | 'trtllm';

export interface SimulatedRequest {
  /** From 0. */
  readonly arrivalMs: number;
  readonly deployment: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What serving takes on an engine of kind `fixed-time`. */
  readonly serviceMs?: number;
  /** Ids of the prompt's leading blocks; equal id = equal block behind an equal prefix. */
  readonly prefixBlocks?: readonly number[];
  readonly session?: string;
}
