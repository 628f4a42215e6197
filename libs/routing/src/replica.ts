import { DomainError } from '@ostro/kernel';

/** What a gateway knows of a replica: its route, its last report (up to 5 s old), and the gateway's own evidence. */
export interface Replica {
  readonly replicaId: string;
  /** Of its node; empty = it does not say. */
  readonly country: string;
  readonly operator: string;
  readonly certifications: readonly string[];
  /** False: gets nothing. */
  readonly isHealthy: boolean;
  /** Failed or refused lately: ranked behind all others, so that evidence never empties a route. */
  readonly isAvoided: boolean;
  /** Sequences it serves at once; 0 = unknown. At that many it is ranked behind those with room. */
  readonly concurrency: number;
  /** Sequences there, running and waiting. */
  readonly running: number;
  /** Prompt tokens that wait for their prefill. */
  readonly queuedPrefillTokens: number;
  /** Share of its KV cache that running sequences hold, 0 to 1000. */
  readonly kvUsedMilli: number;
  /** What its prefix cache holds at most. */
  readonly cacheTokens: number;
  /** LoRA weights it has loaded. */
  readonly adapters: readonly string[];
  /** Uncached prompt tokens that other gateways have sent it so far: a counter; 0 where there is one gateway. */
  readonly prefillTokensElsewhere: number;
}

const MAX_TOKENS = 2 ** 50;
const MAX_SEQUENCES = 1_000_000;

const LIMITS = [
  ['concurrency', MAX_SEQUENCES],
  ['running', MAX_SEQUENCES],
  ['queuedPrefillTokens', MAX_TOKENS],
  ['kvUsedMilli', 1000],
  ['cacheTokens', MAX_TOKENS],
  ['prefillTokensElsewhere', MAX_TOKENS],
] as const;

/** Where it is ranked: full ones behind those with room, avoided ones behind those, whatever they score. */
export type Standing = 'open' | 'full' | 'avoided';

export function standingOf({ isAvoided, concurrency, running }: Replica): Standing {
  if (isAvoided) return 'avoided';
  return concurrency > 0 && running >= concurrency ? 'full' : 'open';
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_REPLICA) naming the replica and the field. */
export function checkReplica(replica: Replica): void {
  for (const [field, max] of LIMITS) {
    const value = replica[field];
    if (Number.isInteger(value) && value >= 0 && value <= max) continue;
    const expected = `must be a whole number from 0 to ${max}, not ${value}`;
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_REPLICA', `replica ${replica.replicaId}: ${field} ${expected}`, {
      details: { field, replicaId: replica.replicaId },
    });
  }
}
