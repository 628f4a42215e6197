import { isDomainError } from '@ostro/kernel';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Charge } from '../domain/charge.ts';
import { type Billable, type Decision, settleRequest } from '../domain/settle-request.ts';
import type { Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { PriceBooks } from '../prices/price-books.ts';
import { type Arrival, type Defect, keyOf, typeOf } from '../domain/arrival.ts';
import type { HeldRequest } from '../domain/held-request.ts';
import type { PositionsRepository } from './positions.repository.ts';
import type { Outcome, SettlementsRepository } from './settlements.repository.ts';
import type { ReviewItem, UsageReviewRepository } from './usage-review.repository.ts';

const TAKEN_BACK = { reason: 'corrected_to_nothing' } as const;

/**
 * Takes in facts and settles the requests they are about, in the caller's transaction. The order in which facts come
 * changes when something is charged, never what is charged in the end.
 */
export class SettlementService {
  constructor(
    private readonly settlements: SettlementsRepository,
    private readonly positions: PositionsRepository,
    private readonly review: UsageReviewRepository,
    private readonly prices: PriceBooks,
    private readonly ledger: Ledger,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  async takeIn(tx: EntityManager, arrivals: readonly Arrival[]): Promise<void> {
    if (arrivals.length === 0) return;
    const now = this.context.clock.now();
    const held = await this.settlements.lock(tx, arrivals);
    const byKey = new Map(held.map((request) => [keyOf(request), request]));
    const doubtful = arrivals.flatMap((arrival): ReviewItem[] => {
      const defect = byKey.get(keyOf(arrival))!.learn(arrival, now);
      return defect ? [doubted(arrival, defect)] : [];
    });
    await this.review.add(tx, doubtful, now);
    const wiser = held.filter(({ fresh }) => fresh.length > 0);
    await this.settlements.saveFacts(tx, wiser);
    await this.#settle(tx, wiser);
    await this.settlements.forget(
      tx,
      held.filter(({ isEmpty }) => isEmpty),
    );
  }

  /** Settles what waited long enough; answers how many requests that were. */
  async settleDue(tx: EntityManager, limit: number): Promise<number> {
    const due = await this.settlements.lockDue(tx, this.context.clock.now(), limit);
    await this.#settle(tx, due);
    return due.length;
  }

  async #settle(tx: EntityManager, requests: readonly HeldRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const now = this.context.clock.now();
    const incarnations = requests.flatMap(({ gatewayIncarnation }) => gatewayIncarnation ?? []);
    const replayed = await this.positions.replayed(tx, incarnations);
    const steps: Step[] = [];
    for (const request of requests) {
      const isSpoolReplayed = replayed.has(request.gatewayIncarnation ?? '');
      steps.push(await this.#step(tx, request, settleRequest(request.facts, { now, isSpoolReplayed })));
    }
    const posted = await this.ledger.post(
      tx,
      steps.flatMap(({ entry }) => entry ?? []),
    );
    await this.settlements.saveOutcomes(
      tx,
      steps.map(({ outcome, entry }) => withCharge(outcome, entry && posted.get(entry))),
    );
    await this.review.add(
      tx,
      steps.flatMap(({ doubt }) => doubt ?? []),
      now,
    );
    const settled = steps.filter(({ outcome, doubt }) => outcome.request.last.state === 'in_review' && !doubt);
    await this.review.resolve(
      tx,
      settled.map(({ outcome }) => outcome.request),
      now,
    );
  }

  async #step(tx: EntityManager, request: HeldRequest, decision: Decision): Promise<Step> {
    const { state, revision, charge } = request.last;
    switch (decision.type) {
      case 'unchanged':
        return { outcome: { request, state, revision, ...(charge && { charge }) } };
      case 'wait':
        return { outcome: { request, state: 'waiting', reason: decision.for, lookAt: decision.lookAt, revision } };
      case 'no_charge':
        return { outcome: { request, state: 'not_charged', reason: decision.reason, revision } };
      case 'charge':
      case 'correction':
        return this.#bill(tx, request, decision.billable);
    }
  }

  /** Charges, or takes back what was charged before and charges what is right. */
  async #bill(tx: EntityManager, request: HeldRequest, billable: Billable | undefined): Promise<Step> {
    const { organizationId, requestId, requestedAt, last } = request;
    const books = {
      organizationId,
      requestId,
      requestedAt,
      revision: last.revision + 1,
      ...(last.charge && { reverses: last.charge.id }),
    };
    if (!billable)
      return { outcome: { request, state: 'not_charged', ...TAKEN_BACK, revision: books.revision }, entry: books };
    const prices = await this.#prices(tx, request, billable);
    if ('missing' in prices) return unpriced(request, prices.missing);
    const entry = { ...books, charge: { billable, prices } };
    return { outcome: { request, state: 'charged', revision: books.revision }, entry };
  }

  async #prices(tx: EntityManager, { requestedAt }: HeldRequest, { admission }: Billable) {
    try {
      return await this.prices.resolve(tx, admission, requestedAt);
    } catch (error) {
      if (isDomainError(error) && error.code === 'NOT_FOUND') return { missing: error.message };
      throw error;
    }
  }
}

interface Step {
  readonly outcome: Outcome;
  readonly entry?: LedgerEntry;
  readonly doubt?: ReviewItem;
}

function withCharge(outcome: Outcome, charge: Charge | undefined): Outcome {
  return charge ? { ...outcome, charge } : outcome;
}

function doubted(arrival: Arrival, defect: Defect): ReviewItem {
  const { organizationId, requestId, record } = arrival;
  return { ...defect, recordType: typeOf(arrival), record, organizationId, requestId };
}

/** Stays as it was, or in review, until a price book says what it costs. */
function unpriced(request: HeldRequest, detail: string): Step {
  const { organizationId, requestId, last, recorded, witnesses } = request;
  const half = recorded ? 'gateway' : 'witness';
  const { record } = recorded ?? witnesses.values().next().value!;
  const state = last.charge ? 'charged' : 'in_review';
  return {
    outcome: { ...last, request, state, reason: 'PRICE_UNKNOWN' },
    doubt: { reason: 'PRICE_UNKNOWN', detail, recordType: typeOf({ half }), record, organizationId, requestId },
  };
}
