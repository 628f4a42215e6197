import { type Id, timestampOf } from '@ostro/kernel';
import type { Quantities } from '@ostro/rating';
import type { Arrival, Defect } from './arrival.ts';
import type { RequestFacts } from './settle-request.ts';
import type { GatewayFact, WitnessFact } from './usage-facts.ts';

interface Kept<F> {
  readonly fact: F;
  readonly record: Buffer;
}

const HOURS_48_MS = 48 * 3_600_000;
const CLOCK_SKEW_MS = 30_000;

/** One request's row, locked, while it learns facts and is settled. */
export class HeldRequest {
  readonly requestedAt: Date;
  recorded: Kept<GatewayFact> | undefined;
  readonly witnesses = new Map<number, Kept<WitnessFact>>();
  readonly fresh: Arrival[] = [];

  constructor(
    readonly organizationId: Id<'org'>,
    readonly requestId: Id<'req'>,
    readonly last: {
      readonly state: 'waiting' | 'charged' | 'not_charged' | 'in_review';
      readonly revision: number;
      readonly charge?: { readonly id: Id<'chg'>; readonly quantities: Quantities };
    },
  ) {
    this.requestedAt = timestampOf(requestId);
  }

  get isEmpty(): boolean {
    return this.recorded === undefined && this.witnesses.size === 0;
  }

  get gatewayIncarnation(): string | undefined {
    return this.recorded?.fact.incarnation ?? this.witnesses.values().next().value?.fact.gatewayIncarnation;
  }

  get facts(): RequestFacts {
    const { charge } = this.last;
    return {
      requestedAt: this.requestedAt,
      ...(this.recorded && { recorded: this.recorded.fact }),
      witnesses: [...this.witnesses.values()].map(({ fact }) => fact),
      ...(charge && { charged: charge.quantities }),
    };
  }

  /** Takes in what is new. What is known already changes nothing, however often and however late it comes. */
  learn(arrival: Arrival, now: Date): Defect | undefined {
    const held = arrival.half === 'gateway' ? this.recorded : this.witnesses.get(arrival.fact.attempt);
    if (held?.record.equals(arrival.record)) return undefined;
    const untimely = this.#untimely(arrival, now);
    if (untimely) return untimely;
    return arrival.half === 'gateway' ? this.#learnRecorded(arrival) : this.#learnWitness(arrival);
  }

  /** Of a Begin and an End the End is the truth, whichever came first. */
  #learnRecorded(arrival: Arrival & { half: 'gateway' }): Defect | undefined {
    if (this.recorded && arrival.fact.outcome === 'gateway_lost') return undefined;
    if (this.recorded && this.recorded.fact.outcome !== 'gateway_lost') {
      return conflict('the gateway said something else of this request before');
    }
    this.recorded = arrival;
    this.fresh.push(arrival);
    return undefined;
  }

  #learnWitness(arrival: Arrival & { half: 'witness' }): Defect | undefined {
    if (this.witnesses.has(arrival.fact.attempt)) {
      return conflict('the agent said something else of this attempt before');
    }
    this.witnesses.set(arrival.fact.attempt, arrival);
    this.fresh.push(arrival);
    return undefined;
  }

  /**
   * Nothing older than this is taken in by itself: what the books of past periods are built from need not be kept to
   * recognise a repetition.
   */
  static oldest(now: Date): Date {
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) - HOURS_48_MS);
  }

  /** A late answer may move money of a period that people have looked at: a person decides. */
  #untimely({ fact, publishedAt }: Arrival, now: Date): Defect | undefined {
    const latest = now.getTime() + CLOCK_SKEW_MS;
    const requestedAt = this.requestedAt.getTime();
    const endedAt = fact.endedAt.getTime();
    const isTooOld = endedAt < publishedAt.getTime() - HOURS_48_MS || requestedAt < HeldRequest.oldest(now).getTime();
    if (!isTooOld && requestedAt <= latest && endedAt <= latest) return undefined;
    const detail = `requested ${this.requestedAt.toISOString()}, ended ${fact.endedAt.toISOString()}, published ${publishedAt.toISOString()}`;
    return { reason: 'OUT_OF_TIME', detail };
  }
}

function conflict(detail: string): Defect {
  return { reason: 'CONFLICT', detail };
}
