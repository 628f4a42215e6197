import type { Id } from '@ostro/kernel';
import type { GatewayFact, WitnessFact } from './usage-facts.ts';

/** Why a record cannot be taken for true; a person decides what becomes of it. */
export interface Defect {
  readonly reason: 'MALFORMED' | 'OUTCOME_UNKNOWN' | 'OUT_OF_TIME' | 'CONFLICT' | 'PRICE_UNKNOWN';
  readonly detail: string;
}

/** A fact as it came in, with the bytes that are kept of it. */
export type Arrival = {
  readonly organizationId: Id<'org'>;
  readonly requestId: Id<'req'>;
  readonly record: Buffer;
  /** When its writer published it. */
  readonly publishedAt: Date;
} & (
  { readonly half: 'gateway'; readonly fact: GatewayFact } | { readonly half: 'witness'; readonly fact: WitnessFact }
);

export function keyOf({ organizationId, requestId }: { organizationId: string; requestId: string }): string {
  return `${organizationId}/${requestId}`;
}

export function typeOf({ half }: Pick<Arrival, 'half'>): string {
  return half === 'gateway' ? 'ostro.usage.v1.UsageRecorded' : 'ostro.usage.v1.AttemptWitnessed';
}
