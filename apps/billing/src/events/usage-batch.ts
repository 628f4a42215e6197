import { TOPICS, usageV1 } from '@ostro/contracts';
import { type ConsumedRecord, PoisonRecord } from '@ostro/messaging';
import { isId } from '@ostro/kernel';
import type { Arrival, Defect } from '../domain/arrival.ts';
import type { SequenceSeen } from '../consumption/positions.repository.ts';
import { gatewayFactFromProto, isDefect, witnessFactFromProto } from '../consumption/usage-records.ts';
import type { ReviewItem } from '../consumption/usage-review.repository.ts';

/** The trace a record belongs to: a batch holds records of many. */
export interface Traced {
  readonly requestId: string;
  readonly traceparent: string;
}

/** What one batch of usage says, sorted by what is done with it. */
export interface UsageContents {
  readonly arrivals: readonly Arrival[];
  readonly traced: readonly Traced[];
  readonly seen: readonly SequenceSeen[];
  readonly replayed: readonly { readonly incarnation: string; readonly lastSequence: bigint }[];
  readonly doubtful: readonly ReviewItem[];
}

const LARGEST_SEQUENCE = 2n ** 60n;
const CONTROL_CODE = /\p{Cc}/u;
const INCARNATION = /^[\w.:/-]{1,200}$/;

/**
 * Reads a record of either usage topic. A line that cannot be understood goes to review alone; its neighbours count.
 *
 * @throws PoisonRecord when nothing of it can be read.
 */
export function usageFromRecord(record: ConsumedRecord): UsageContents {
  // The inbox could not even note them.
  if (CONTROL_CODE.test(record.id + record.source)) throw new PoisonRecord('ce_id or ce_source holds control codes');
  const contents = new Contents(record.time);
  if (record.topic === TOPICS.usageAttempt.name) {
    for (const witness of decoded(usageV1.WitnessBatch, record).witnesses) contents.addWitness(witness);
  } else {
    for (const { entry } of decoded(usageV1.UsageBatch, record).entries) {
      if (entry?.$case === 'recorded') contents.addRecorded(entry.recorded);
      else if (entry?.$case === 'replayed') contents.addReplayed(entry.replayed);
    }
  }
  return contents;
}

function decoded<T>(message: { decode(bytes: Uint8Array): T }, { value, type }: ConsumedRecord): T {
  try {
    return message.decode(value);
  } catch (cause) {
    throw new PoisonRecord(`not a ${type}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

class Contents implements UsageContents {
  readonly arrivals: Arrival[] = [];
  readonly traced: Traced[] = [];
  readonly seen: SequenceSeen[] = [];
  readonly replayed: { incarnation: string; lastSequence: bigint }[] = [];
  readonly doubtful: ReviewItem[] = [];
  readonly #publishedAt: Date;

  constructor(publishedAt: Date) {
    this.#publishedAt = publishedAt;
  }

  addRecorded(recorded: usageV1.UsageRecorded): void {
    const record = Buffer.from(usageV1.UsageRecorded.encode(recorded).finish());
    const fact = gatewayFactFromProto(recorded);
    if (isDefect(fact)) this.#doubt(fact, 'ostro.usage.v1.UsageRecorded', record, recorded.begun);
    else this.#arrived({ half: 'gateway', fact, ...this.#at(fact.admission, record) });
    this.#saw(recorded.gatewayIncarnation, recorded.sequence);
    this.#trace(recorded.begun);
  }

  addWitness(witness: usageV1.AttemptWitnessed): void {
    const record = Buffer.from(usageV1.AttemptWitnessed.encode(witness).finish());
    const fact = witnessFactFromProto(witness);
    if (isDefect(fact)) this.#doubt(fact, 'ostro.usage.v1.AttemptWitnessed', record, witness);
    else this.#arrived({ half: 'witness', fact, ...this.#at(fact.admission, record) });
    this.#saw(witness.agentIncarnation, witness.sequence);
    this.#trace(witness);
  }

  addReplayed(replayed: usageV1.SpoolReplayed): void {
    const { gatewayIncarnation: incarnation, lastSequence } = replayed;
    if (INCARNATION.test(incarnation) && lastSequence < LARGEST_SEQUENCE) {
      this.replayed.push({ incarnation, lastSequence });
      return;
    }
    const defect: Defect = { reason: 'MALFORMED', detail: 'the incarnation or its last sequence is no such thing' };
    this.#doubt(defect, 'ostro.usage.v1.SpoolReplayed', usageV1.SpoolReplayed.encode(replayed).finish(), undefined);
  }

  #at({ organizationId, requestId }: Pick<Arrival, 'organizationId' | 'requestId'>, record: Buffer) {
    return { organizationId, requestId, record, publishedAt: this.#publishedAt };
  }

  #arrived(arrival: Arrival): void {
    this.arrivals.push(arrival);
  }

  /** In review it is in billing's hands too. */
  #saw(incarnation: string, sequence: bigint): void {
    const isPlausible = INCARNATION.test(incarnation) && sequence > 0n && sequence < LARGEST_SEQUENCE;
    if (isPlausible) this.seen.push({ incarnation, sequence });
  }

  #trace(record: Traced | undefined): void {
    if (record && record.traceparent !== '') this.traced.push(record);
  }

  #doubt(
    defect: Defect,
    recordType: string,
    record: Uint8Array,
    key: { readonly organizationId: string; readonly requestId: string } | undefined,
  ): void {
    this.doubtful.push({
      ...defect,
      recordType,
      record,
      ...(key && isId('org', key.organizationId) && { organizationId: key.organizationId }),
      ...(key && isId('req', key.requestId) && { requestId: key.requestId }),
    });
  }
}
