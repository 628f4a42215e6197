import { SpanKind } from '@opentelemetry/api';
import { TOPICS } from '@ostro/contracts';
import {
  claimUnhandled,
  type EventBus,
  loadOffset,
  type RecordBatch,
  type RunningSubscription,
  storeOffset,
} from '@ostro/messaging';
import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import { extractTrace, OSTRO } from '@ostro/telemetry';
import type { PositionsRepository } from '../consumption/positions.repository.ts';
import type { SettlementService } from '../consumption/settlement.service.ts';
import type { UsageReviewRepository } from '../consumption/usage-review.repository.ts';
import type { SettledRecords } from './settled-records.ts';
import { type Traced, usageFromRecord } from './usage-batch.ts';

/** Where its records go: one object, so that everything a batch does is one transaction. */
export interface UsageSinks {
  readonly settlement: SettlementService;
  readonly positions: PositionsRepository;
  readonly review: UsageReviewRepository;
  readonly settled: SettledRecords;
}

/** Both usage topics. Offsets move in the transaction of the money, so a crash anywhere changes no total. */
export class UsageConsumer {
  #running: RunningSubscription[] = [];

  constructor(
    private readonly bus: EventBus,
    private readonly transactions: TransactionRunner,
    private readonly sinks: UsageSinks,
    private readonly context: Pick<ServiceContext, 'clock' | 'tracer'>,
  ) {}

  /** One group a topic, so that witnesses do not wait behind requests. */
  start(groupPrefix: string, onCrash: (error: unknown) => void): void {
    this.#running = [TOPICS.usageRequest.name, TOPICS.usageAttempt.name].map((topic) => {
      const group = `${groupPrefix}.${topic}`;
      return this.bus.subscribeWithStoredOffsets({
        group,
        topics: [topic],
        loadOffset: (_, partition) => this.transactions.run((tx) => loadOffset(tx, { group, topic, partition })),
        handler: (batch) => this.#handle(batch),
        onCrash,
      });
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((subscription) => subscription.stop()));
  }

  async #handle({ records, position }: RecordBatch): Promise<void> {
    const { settlement, positions, review, settled } = this.sinks;
    // Before the transaction: poison must not hold anything open.
    const contents = new Map(records.map((record) => [record, usageFromRecord(record)]));
    const startedAt = this.context.clock.now();
    await this.transactions.run(async (tx) => {
      await storeOffset(tx, position);
      const fresh = (await claimUnhandled(tx, position.group, records)).map((record) => contents.get(record)!);
      await review.add(
        tx,
        fresh.flatMap(({ doubtful }) => doubtful),
        this.context.clock.now(),
      );
      await settlement.takeIn(
        tx,
        fresh.flatMap(({ arrivals }) => arrivals),
      );
      await positions.markReplayed(
        tx,
        fresh.flatMap(({ replayed }) => replayed),
      );
      const moved = await positions.receive(
        tx,
        fresh.flatMap(({ seen }) => seen),
      );
      await settled.append(tx, moved);
    });
    this.#trace(
      position.topic,
      [...contents.values()].flatMap(({ traced }) => traced),
      startedAt,
    );
  }

  /** The last part of each request's trace. It takes as long as the batch did, which settles all of them together. */
  #trace(topic: string, traced: readonly Traced[], startTime: Date): void {
    const { tracer, clock } = this.context;
    const endTime = clock.now();
    for (const { requestId, traceparent } of traced) {
      const attributes = { [OSTRO.requestId]: requestId, 'messaging.destination.name': topic };
      const options = { kind: SpanKind.CONSUMER, attributes, startTime };
      tracer.startSpan(`settle ${topic}`, options, extractTrace({ traceparent })).end(endTime);
    }
  }
}
