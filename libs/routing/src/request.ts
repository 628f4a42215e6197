import { DomainError } from '@ostro/kernel';

/** One inference request, as far as the choice of its replica goes. Holds no text. */
export interface RoutingRequest {
  readonly organizationId: string;
  /** What its prompt begins with, see `blockHashes`; empty means that nothing can be reused. */
  readonly blocks: BlockHashes;
  readonly inputTokens: number;
  readonly residency: Residency;
  /** Keyed 32-bit hash of what the client calls its session; absent = none. */
  readonly sessionHash?: number;
  /** LoRA weights it asks for, by name; absent = the base model. */
  readonly adapter?: string;
  /** Replicas that it was sent to before. */
  readonly tried?: ReadonlySet<string>;
}

/**
 * For each full block of a prompt a keyed 64-bit hash of that block and of all before it, as two 32-bit words, low one
 * first: equal hashes mean equal prompts up to there. The key is the organization's, so that no hash of one
 * organization ever equals one of another, and none says anything about the text to who lacks the key.
 */
export type BlockHashes = Uint32Array;

/** Each empty list restricts nothing. Where a list restricts, a replica that does not say is refused. */
export interface Residency {
  /** ISO 3166-1 alpha-2 in capitals. */
  readonly countries: readonly string[];
  readonly operators: readonly string[];
  /** The replica's node must hold all of them. */
  readonly certifications: readonly string[];
}

export const ANYWHERE: Residency = { countries: [], operators: [], certifications: [] };

/** Hashes out of the whole numbers (below 2^53) that traces give for blocks. */
export function blockHashes(ids: readonly number[]): BlockHashes {
  const words = new Uint32Array(ids.length * 2);
  ids.forEach((id, at) => {
    words[at * 2] = id % 2 ** 32;
    words[at * 2 + 1] = Math.floor(id / 2 ** 32);
  });
  return words;
}

const MAX_INPUT_TOKENS = 100_000_000;

/** @throws DomainError INVALID_ARGUMENT (INVALID_ROUTING_REQUEST) naming the field. */
export function checkRequest({ blocks, inputTokens, sessionHash }: RoutingRequest): void {
  if (!isWhole(inputTokens, MAX_INPUT_TOKENS)) {
    throw invalid('inputTokens', `a whole number from 0 to ${MAX_INPUT_TOKENS}, not ${inputTokens}`);
  }
  if (blocks.length % 2 !== 0) throw invalid('blocks', `two words a block, not ${blocks.length} words`);
  if (sessionHash !== undefined && !isWhole(sessionHash, 2 ** 32 - 1)) {
    throw invalid('sessionHash', `a whole number below 2^32, not ${sessionHash}`);
  }
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

function invalid(field: string, expected: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_ROUTING_REQUEST', `${field} must be ${expected}`, {
    details: { field },
  });
}
