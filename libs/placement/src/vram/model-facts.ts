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
  const { layers, embeddingLength, contextLength, kvHeads, keyHeadSize, valueHeadSize, vocabularySize } = facts;
  const { slidingWindow: window, latentAttention: latent } = facts;
  checkQuantities({ layers, embeddingLength, contextLength }, 1);
  checkQuantities({ kvHeads, keyHeadSize, valueHeadSize, vocabularySize, weightBytes: Number(facts.weightBytes) }, 0);
  if (window != null) {
    checkQuantities({ 'slidingWindow.tokens': window.tokens, 'slidingWindow.layers': window.layers ?? 0 }, 0);
  }
  if (latent != null) {
    const { kvLoraRank, ropeHeadSize } = latent;
    checkQuantities({ 'latentAttention.kvLoraRank': kvLoraRank, 'latentAttention.ropeHeadSize': ropeHeadSize }, 0);
  }
  checkLayers(facts);
}

function checkQuantities(quantities: Readonly<Record<string, number>>, min: number): void {
  for (const [field, value] of Object.entries(quantities)) {
    if (!Number.isSafeInteger(value) || value < min) throw invalid(field, value, `a whole number from ${min}`);
  }
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
