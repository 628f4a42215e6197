import type { Id } from '@ostro/kernel';
import type { Digest, Manifest } from './manifest.ts';

/** Counts and sizes a scheduler needs, read from the files' headers. */
export interface RevisionFacts {
  readonly format: 'gguf' | 'safetensors';
  readonly architecture: string;
  readonly layers: number;
  readonly kvHeads: number;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
  readonly embeddingLength: number;
  readonly contextLength: number;
  readonly slidingWindow: { readonly tokens: number; readonly layers: number | null } | null;
  readonly latentAttention: { readonly kvLoraRank: number; readonly ropeHeadSize: number } | null;
  readonly weightBytes: number;
  readonly parameterCount: number;
  readonly quantisation: string;
  readonly vocabularySize: number;
  readonly hasChatTemplate: boolean;
}

/** One immutable version of a model. */
export interface ModelRevision {
  readonly digest: Digest;
  readonly modelId: Id<'mdl'>;
  readonly organizationId: Id<'org'>;
  readonly modelName: string;
  readonly manifest: Manifest;
  readonly facts: RevisionFacts;
  readonly licence: string;
  readonly source: string;
  readonly createdAt: Date;
}
