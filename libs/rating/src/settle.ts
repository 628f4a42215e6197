import type { Quantities } from './rate.ts';

const MINUTE_MS = 60_000;
/** A witness is seconds behind; later than this the gateway's own count is charged, and a lower one corrects it. */
export const WITNESS_WAIT_MS = 10 * MINUTE_MS;
/** What a gateway or an agent has not said by now is not waited for. */
export const SETTLEMENT_WAIT_MS = 48 * 60 * MINUTE_MS;

export type Outcome = 'completed' | 'client_cancelled' | 'failed_ours' | 'refused';

/** The gateway's side: its Begin and End records. Token counts are absent where the engine told it none. */
export type GatewayRecord =
  | { readonly state: 'absent' }
  | { readonly state: 'begin' }
  | {
      readonly state: 'end';
      readonly outcome: Outcome;
      readonly inputTokens?: bigint;
      readonly cachedInputTokens?: bigint;
      readonly outputTokens?: bigint;
      readonly bytesForwarded: bigint;
    };

/** By `bodyOffset` bytes of the answer, `outputTokens` had been delivered. */
export interface Checkpoint {
  readonly bodyOffset: bigint;
  readonly outputTokens: bigint;
}

/** The agent's side: the engine's own count of the attempt that answered. */
export type WitnessRecord =
  | { readonly state: 'absent' }
  | (Quantities & {
      readonly state: 'witnessed';
      readonly end: 'complete' | 'aborted';
      readonly bodyBytes: bigint;
      /** Empty for a runtime without running usage. */
      readonly checkpoints: readonly Checkpoint[];
    });

export interface SettlementInput {
  readonly gateway: GatewayRecord;
  readonly witness: WitnessRecord;
  /** False for external providers: there is no second count to wait for. */
  readonly expectsWitness: boolean;
  /** The spool of the gateway's incarnation was replayed to its end: what is not here will not come. */
  readonly spoolReplayed: boolean;
  /** Since the request id was minted. */
  readonly ageMs: number;
  /** What this request was charged with before, if it was. */
  readonly charged?: Quantities;
}

export type Basis = 'agreed' | 'gateway' | 'witness' | 'lower_of_both';

/** Gateway minus witness, per quantity both have counted; listed in the reconciliation report. */
export type Difference = Quantities;

export type NoChargeReason = 'refused' | 'our_failure' | 'gateway_lost' | 'never_dispatched' | 'not_counted';

type Verdict =
  | (Quantities & { readonly type: 'charge'; readonly basis: Basis; readonly difference?: Difference })
  | { readonly type: 'wait'; readonly for: 'witness' | 'gateway'; readonly reason: string }
  | { readonly type: 'no_charge'; readonly reason: NoChargeReason };

export type Settlement =
  | Verdict
  | { readonly type: 'correction'; readonly from: Quantities; readonly to: Quantities }
  | { readonly type: 'unchanged' };

const NOTHING: Quantities = { inputTokens: 0n, cachedInputTokens: 0n, outputTokens: 0n };

/**
 * The one rule of what a request is charged with; the README has it as a table. Total and deterministic: it never
 * bills more than either source counted, and asked again after it was obeyed it answers `unchanged`.
 */
export function settle(input: SettlementInput): Settlement {
  const verdict = judge(input);
  if (input.charged === undefined) return verdict;
  if (verdict.type === 'wait') return { type: 'unchanged' };
  // A charge for no tokens may still cost something for the request itself, so it is taken back like any other.
  if (verdict.type === 'no_charge') return { type: 'correction', from: input.charged, to: NOTHING };
  const to = quantitiesOf(verdict);
  return isSame(input.charged, to) ? { type: 'unchanged' } : { type: 'correction', from: input.charged, to };
}

function judge(input: SettlementInput): Verdict {
  const { gateway } = input;
  if (gateway.state !== 'end') return withoutEnd(input, gateway.state);
  switch (gateway.outcome) {
    case 'refused':
      return { type: 'no_charge', reason: 'refused' };
    case 'failed_ours':
      return { type: 'no_charge', reason: 'our_failure' };
    case 'completed':
    case 'client_cancelled':
      return withEnd(input, gateway);
  }
}

/** The gateway died or has not delivered yet. Only an answer that was produced to its end is charged. */
function withoutEnd(
  { witness, spoolReplayed, ageMs, expectsWitness }: SettlementInput,
  state: 'absent' | 'begin',
): Verdict {
  const isOverdue = ageMs >= SETTLEMENT_WAIT_MS;
  if (!spoolReplayed && !isOverdue) return { type: 'wait', for: 'gateway', reason: 'its spool is not replayed yet' };
  if (witness.state === 'witnessed') {
    if (witness.end === 'aborted') return { type: 'no_charge', reason: 'gateway_lost' };
    return { type: 'charge', basis: 'witness', ...quantitiesOf(witness) };
  }
  if (state === 'absent') return { type: 'no_charge', reason: 'never_dispatched' };
  if (expectsWitness && !isOverdue)
    return { type: 'wait', for: 'witness', reason: 'the gateway was lost after dispatch' };
  return { type: 'no_charge', reason: 'gateway_lost' };
}

type End = Extract<GatewayRecord, { state: 'end' }>;

function withEnd({ witness, expectsWitness, ageMs }: SettlementInput, end: End): Verdict {
  if (witness.state === 'witnessed') return lowerOf(end, { ...witness, outputTokens: countedOutput(end, witness) });
  // Without a count of the gateway's own, the witness is all there can be.
  const patienceMs = end.inputTokens === undefined ? SETTLEMENT_WAIT_MS : WITNESS_WAIT_MS;
  if (expectsWitness && ageMs < patienceMs) return { type: 'wait', for: 'witness', reason: 'it has not reported yet' };
  return gatewayAlone(end, expectsWitness);
}

/** What the engine produced and, for a cancelled stream, the customer received. */
function countedOutput(
  { outcome, bytesForwarded }: End,
  witness: Extract<WitnessRecord, { state: 'witnessed' }>,
): bigint {
  const { checkpoints, outputTokens, end, bodyBytes } = witness;
  if (outcome === 'completed') return outputTokens;
  if (end === 'complete' && bytesForwarded >= bodyBytes) return outputTokens;
  return min(deliveredTokens(checkpoints, bytesForwarded), outputTokens);
}

/** The last checkpoint at or below the bytes that were forwarded; none, as of a runtime without running usage, is zero. */
export function deliveredTokens(checkpoints: readonly Checkpoint[], bytesForwarded: bigint): bigint {
  return checkpoints
    .filter(({ bodyOffset }) => bodyOffset <= bytesForwarded)
    .reduce((most, { outputTokens }) => (outputTokens > most ? outputTokens : most), 0n);
}

/** A cancelled stream's output is known to the agent only, unless a provider outside counted it. */
function gatewayAlone(end: End, expectsWitness: boolean): Verdict {
  if (end.inputTokens === undefined) return { type: 'no_charge', reason: 'not_counted' };
  const isOutputKnown = end.outcome === 'completed' || !expectsWitness;
  return {
    type: 'charge',
    basis: 'gateway',
    inputTokens: end.inputTokens,
    cachedInputTokens: min(end.cachedInputTokens ?? 0n, end.inputTokens),
    outputTokens: isOutputKnown ? (end.outputTokens ?? 0n) : 0n,
  };
}

/** Fewer tokens and more of them cached: in each quantity the count that costs the customer less. */
function lowerOf(end: End, counted: Quantities): Verdict {
  const gateway: Quantities = {
    inputTokens: end.inputTokens ?? counted.inputTokens,
    cachedInputTokens: end.cachedInputTokens ?? counted.cachedInputTokens,
    outputTokens: end.outputTokens ?? counted.outputTokens,
  };
  const inputTokens = min(gateway.inputTokens, counted.inputTokens);
  const mostCached = -min(-gateway.cachedInputTokens, -counted.cachedInputTokens);
  const billed = {
    inputTokens,
    cachedInputTokens: min(mostCached, inputTokens),
    outputTokens: min(gateway.outputTokens, counted.outputTokens),
  };
  if (isSame(gateway, counted)) {
    return { type: 'charge', basis: end.inputTokens === undefined ? 'witness' : 'agreed', ...billed };
  }
  return { type: 'charge', basis: 'lower_of_both', ...billed, difference: minus(gateway, counted) };
}

function quantitiesOf({ inputTokens, cachedInputTokens, outputTokens }: Quantities): Quantities {
  return { inputTokens, cachedInputTokens: min(cachedInputTokens, inputTokens), outputTokens };
}

function isSame(a: Quantities, b: Quantities): boolean {
  return (
    a.inputTokens === b.inputTokens && a.cachedInputTokens === b.cachedInputTokens && a.outputTokens === b.outputTokens
  );
}

function minus(a: Quantities, b: Quantities): Difference {
  return {
    inputTokens: a.inputTokens - b.inputTokens,
    cachedInputTokens: a.cachedInputTokens - b.cachedInputTokens,
    outputTokens: a.outputTokens - b.outputTokens,
  };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
