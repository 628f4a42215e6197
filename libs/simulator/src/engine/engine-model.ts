import { DomainError } from '@ostro/kernel';

/**
 * What the time of an iteration depends on, of a model. Parameters count scalars; what they weigh follows from the
 * precision a deployment asks for.
 */
export interface EngineModel {
  readonly name: string;
  readonly layers: number;
  /** Width of the residual stream. */
  readonly hidden: number;
  readonly attention: GroupedAttention | LatentAttention;
  readonly vocabulary: number;
  readonly parameters: number;
  readonly experts?: Experts;
  /** Tokens the model was made for. */
  readonly contextTokens: number;
}

export interface GroupedAttention {
  readonly kind: 'grouped';
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Layers that keep keys and values of the whole context; absent = all. The others keep a state of fixed size. */
  readonly layers?: number;
}

/** Multi-head latent attention (DeepSeek-V2): one latent per token in place of keys and values. */
export interface LatentAttention {
  readonly kind: 'latent';
  readonly heads: number;
  readonly kvRank: number;
  readonly ropeSize: number;
  readonly headSize: number;
  /** A token attends to at most so many others (DeepSeek sparse attention); absent = to all. */
  readonly attendedTokens?: number;
}

/** The routed experts of all layers together; shared experts are dense. */
export interface Experts {
  readonly count: number;
  readonly perToken: number;
  readonly parameters: number;
}

const POSITIVE = ['layers', 'hidden', 'vocabulary', 'parameters', 'contextTokens'] as const;

/** @throws DomainError INVALID_ARGUMENT (INVALID_MODEL_FACTS) naming the fact that is missing or absurd. */
export function checkEngineModel(model: EngineModel): void {
  for (const field of POSITIVE) checkFact(model, field, model[field]);
  const { attention, experts } = model;
  checkFact(model, 'attention.heads', attention.heads);
  checkFact(model, 'attention.headSize', attention.headSize);
  if (attention.kind === 'grouped') checkFact(model, 'attention.kvHeads', attention.kvHeads);
  else checkFact(model, 'attention.kvRank', attention.kvRank);
  if (experts === undefined) return;
  checkFact(model, 'experts.count', experts.count);
  checkFact(model, 'experts.perToken', experts.perToken, experts.count);
  checkFact(model, 'experts.parameters', experts.parameters, model.parameters);
}

function checkFact({ name }: EngineModel, field: string, value: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_MODEL_FACTS',
    `model ${name}: ${field} must be a whole number from 1 to ${max}, not ${value}; give the model's facts`,
    { details: { field } },
  );
}
