/** A policy file as its author wrote it: what `schemas/policy.v1.json` lets through. */
export interface PolicyDocument {
  readonly name: string;
  readonly autoscaling?: object;
  readonly placement?: object;
  readonly routing?: object;
  readonly queue?: { readonly maxHoldSeconds?: number; readonly maxRequests?: number };
  readonly budget?: { readonly eurosPerHour: string | number };
  readonly cluster: { readonly nodes: readonly NodesDocument[] };
  readonly models: readonly ModelDocument[];
}

export interface NodesDocument {
  readonly count: number;
  readonly accelerators: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly pricePerHour: string | number;
  readonly cpuCores?: number;
  readonly hostMemoryGiB?: number;
  readonly country?: string;
  readonly operator?: string;
  readonly certifications?: readonly string[];
}

export interface ModelDocument {
  readonly name: string;
  readonly engine: EngineDocument;
  readonly accelerators: { readonly model: string; readonly count?: number; readonly memoryGiB?: number };
  readonly cpuCores?: number;
  readonly hostMemoryGiB?: number;
  readonly load: { readonly noneSeconds: number; readonly diskSeconds?: number; readonly hostRamSeconds?: number };
  readonly residency?: {
    readonly countries?: readonly string[];
    readonly operators?: readonly string[];
    readonly certifications?: readonly string[];
  };
  /** In place of what the policy says for all. */
  readonly autoscaling?: object;
}

export type EngineDocument =
  | { readonly kind: 'fixed-time'; readonly concurrency?: number }
  | {
      readonly kind: 'batching';
      readonly runtime: 'vllm' | 'sglang' | 'trtllm';
      readonly model: string;
      readonly precision?: 'bf16' | 'fp8' | 'int4';
      readonly maxSequences?: number;
      readonly contextTokens?: number;
    };

/** The entry that stands for every model without one of its own. */
export const ANY_MODEL = '*';
