import { DomainError } from '@ostro/kernel';

/** What sizing needs to know of a model, all of it from file headers. `ModelFacts` of model-formats has this shape. */
export interface ModelFactsLike {
  readonly architecture: string;
  readonly layers: number;
  readonly embeddingLength: number;
  /** The most KV heads any layer has. */
  readonly kvHeads: number;
  /** Where layers differ (0: the layer keeps no KV cache). */
  readonly kvHeadsPerLayer?: readonly number[] | null;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
  /** Tokens the model was made for. */
  readonly contextLength: number;
  /** Layers that keep only the window; `layers: null` = all of them. */
  readonly slidingWindow?: { readonly tokens: number; readonly layers: number | null } | null;
  /** Multi-head latent attention: one latent per token in place of keys and values. */
  readonly latentAttention?: { readonly kvLoraRank: number; readonly ropeHeadSize: number } | null;
  readonly vocabularySize: number;
  /** Sum of tensor bytes; never parameters times a type read from a name. */
  readonly weightBytes: number | bigint;
  readonly quantisation: string;
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_MODEL_FACTS) for a quantity that no model can have. */
export function checkFacts(facts: ModelFactsLike): void {
  const positive = { layers: facts.layers, embeddingLength: facts.embeddingLength, contextLength: facts.contextLength };
  for (const [field, value] of Object.entries(positive)) {
    if (!(Number.isSafeInteger(value) && value > 0)) throw invalid(field, value, 'a whole number from 1');
  }
  const natural = {
    kvHeads: facts.kvHeads,
    keyHeadSize: facts.keyHeadSize,
    valueHeadSize: facts.valueHeadSize,
    vocabularySize: facts.vocabularySize,
    weightBytes: Number(facts.weightBytes),
    'slidingWindow.tokens': facts.slidingWindow?.tokens ?? 0,
    'slidingWindow.layers': facts.slidingWindow?.layers ?? 0,
    'latentAttention.kvLoraRank': facts.latentAttention?.kvLoraRank ?? 0,
    'latentAttention.ropeHeadSize': facts.latentAttention?.ropeHeadSize ?? 0,
  };
  for (const [field, value] of Object.entries(natural)) {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw invalid(field, value, 'a whole number from 0');
  }
  checkLayers(facts);
}

function checkLayers({ layers, kvHeadsPerLayer, slidingWindow }: ModelFactsLike): void {
  if ((slidingWindow?.layers ?? 0) > layers) {
    throw invalid('slidingWindow.layers', slidingWindow?.layers, `at most the ${layers} layers there are`);
  }
  if (kvHeadsPerLayer == null) return;
  if (
    kvHeadsPerLayer.length !== layers ||
    !kvHeadsPerLayer.every((heads) => Number.isSafeInteger(heads) && heads >= 0)
  ) {
    throw invalid('kvHeadsPerLayer', kvHeadsPerLayer.length, `a whole number for each of ${layers} layers`);
  }
}

function invalid(field: string, value: unknown, expected: string): DomainError {
  return new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_MODEL_FACTS',
    `model facts: ${field} must be ${expected}, not ${String(value)}; read the file's header again`,
    { details: { field } },
  );
}
