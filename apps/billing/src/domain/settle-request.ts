import {
  type Basis,
  type Difference,
  type GatewayRecord,
  type NoChargeReason,
  type Quantities,
  settle,
  SETTLEMENT_WAIT_MS,
  type SettlementInput,
  WITNESS_WAIT_MS,
  type WitnessRecord,
} from '@ostro/rating';
import type { Admission, GatewayFact, WitnessFact } from './usage-facts.ts';

/** Everything known of one request. */
export interface RequestFacts {
  readonly requestedAt: Date;
  readonly recorded?: GatewayFact;
  readonly witnesses: readonly WitnessFact[];
  /** What it was charged with last. */
  readonly charged?: Quantities;
}

export interface Billable {
  readonly quantities: Quantities;
  readonly basis: Basis;
  readonly difference?: Difference;
  readonly admission: Admission;
  readonly outcome: GatewayFact['outcome'];
  readonly endedAt: Date;
}

export type Decision =
  | { readonly type: 'charge'; readonly billable: Billable }
  | { readonly type: 'correction'; readonly billable?: Billable }
  | { readonly type: 'no_charge'; readonly reason: NoChargeReason }
  | { readonly type: 'wait'; readonly for: 'witness' | 'gateway'; readonly lookAt: Date }
  | { readonly type: 'unchanged' };

/** What becomes of a request, given all that is known now. Facts may come in any order: the last decision is the same. */
export function settleRequest(facts: RequestFacts, at: { now: Date; isSpoolReplayed: boolean }): Decision {
  const { requestedAt, recorded, charged } = facts;
  const witness = answeringWitness(facts);
  const input: SettlementInput = {
    gateway: gatewayRecord(recorded),
    witness: witnessRecord(witness),
    expectsWitness: recorded?.answeredBy?.hasAgent ?? true,
    spoolReplayed: at.isSpoolReplayed || recorded?.outcome === 'gateway_lost',
    ageMs: at.now.getTime() - requestedAt.getTime(),
  };
  const settlement = settle(charged ? { ...input, charged } : input);
  switch (settlement.type) {
    case 'wait':
      return { type: 'wait', for: settlement.for, lookAt: nextLook(requestedAt, input.ageMs) };
    case 'charge':
      return { type: 'charge', billable: billable(settlement, recorded, witness) };
    case 'correction':
      return correction(input, recorded, witness);
    default:
      return settlement;
  }
}

/** What is billed instead is what would have been billed had nothing been charged before. */
function correction(
  input: SettlementInput,
  recorded: GatewayFact | undefined,
  witness: WitnessFact | undefined,
): Decision {
  const verdict = settle(input);
  if (verdict.type !== 'charge') return { type: 'correction' };
  return { type: 'correction', billable: billable(verdict, recorded, witness) };
}

/** The attempt the gateway says answered; without its word, the last whole one, else the last. */
function answeringWitness({ recorded, witnesses }: RequestFacts): WitnessFact | undefined {
  if (recorded?.answeredBy) {
    const { attempt } = recorded.answeredBy;
    return witnesses.find((witness) => witness.attempt === attempt);
  }
  const last = (candidates: readonly WitnessFact[]) =>
    candidates.reduce<WitnessFact | undefined>(
      (latest, one) => (latest && latest.attempt > one.attempt ? latest : one),
      undefined,
    );
  return last(witnesses.filter(({ end }) => end === 'complete')) ?? last(witnesses);
}

function gatewayRecord(recorded: GatewayFact | undefined): GatewayRecord {
  if (!recorded) return { state: 'absent' };
  const { outcome, tokens, forwardedBytes } = recorded;
  if (outcome === 'gateway_lost') return { state: 'begin' };
  return { state: 'end', outcome, ...tokens, bytesForwarded: forwardedBytes };
}

function witnessRecord(witness: WitnessFact | undefined): WitnessRecord {
  return witness ? { ...witness, state: 'witnessed' } : { state: 'absent' };
}

function billable(
  verdict: Quantities & { basis: Basis; difference?: Difference },
  recorded: GatewayFact | undefined,
  witness: WitnessFact | undefined,
): Billable {
  const { inputTokens, cachedInputTokens, outputTokens, basis, difference } = verdict;
  const source = (recorded ?? witness)!;
  // A lost gateway saw no end; what it says of the time is when it was found.
  const ended = recorded?.outcome === 'gateway_lost' ? (witness ?? recorded) : source;
  return {
    quantities: { inputTokens, cachedInputTokens, outputTokens },
    basis,
    ...(difference && { difference }),
    admission: source.admission,
    outcome: recorded?.outcome ?? 'gateway_lost',
    endedAt: ended.endedAt,
  };
}

/** Waiting ends by a fact or at one of two ages. */
function nextLook(requestedAt: Date, ageMs: number): Date {
  return new Date(requestedAt.getTime() + (ageMs < WITNESS_WAIT_MS ? WITNESS_WAIT_MS : SETTLEMENT_WAIT_MS));
}
