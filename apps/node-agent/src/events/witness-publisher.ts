import { TOPICS, usageV1 } from '@ostro/contracts';
import { type Clock, type IdSource } from '@ostro/kernel';
import type { EventBus, EventRecord } from '@ostro/messaging';
import type { SpoolPosition } from '@ostro/spool';
import type { Logger } from '@ostro/telemetry';
import type { BackOff } from '../control/domain/back-off.ts';
import type { Timer } from '../model-server/timer.ts';
import { inBatches, type KeyedWitnesses } from '../witness/witness-batches.ts';
import type { CursorFile } from '../witness/cursor-file.ts';
import type { WitnessLog } from '../witness/witness-log.ts';

const MOST_AT_ONCE = 500;
/** Records that end together are published together. */
const GATHER_MS = 100;
const TRIM_EVERY_MS = 3_600_000;

export interface WitnessPublisherParts {
  readonly log: WitnessLog;
  readonly cursor: CursorFile;
  readonly bus: EventBus;
  readonly ids: IdSource;
  readonly nodeId: string;
  readonly cellId: string;
  readonly timer: Timer;
  readonly backOff: BackOff;
  readonly logger: Logger;
}

/** Brings the witness log to Kafka, in order, at least once, however long Kafka is away. */
export class WitnessPublisher {
  readonly #parts: WitnessPublisherParts;
  #cursor: SpoolPosition | undefined;
  #wake = Promise.withResolvers<void>();
  #trimmedMs = Number.NEGATIVE_INFINITY;
  #published = 0;

  constructor(parts: WitnessPublisherParts) {
    this.#parts = parts;
    parts.log.onEnded(() => this.#wake.resolve());
  }

  /** Records published by this process. */
  get published(): number {
    return this.#published;
  }

  /** What is not published by then is published by the next agent of this node. */
  async runUntil(stopped: AbortSignal): Promise<void> {
    const { cursor, timer, backOff, logger } = this.#parts;
    stopped.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    this.#cursor = await cursor.load();
    for (let failures = 0; !stopped.aborted;) {
      this.#wake = Promise.withResolvers<void>();
      try {
        await this.publishNew();
        failures = 0;
        await this.#trimWhenDue();
        await this.#wake.promise;
        await timer.sleep(GATHER_MS, stopped).catch(() => undefined);
      } catch (error) {
        failures += 1;
        logger.warn({ err: error }, 'witnesses wait on disk: Kafka does not take them');
        await timer.sleep(backOff.pauseMs(failures), stopped).catch(() => undefined);
      }
    }
  }

  /** @throws DomainError as EventBus.publish; what was not acknowledged is published again next time. */
  async publishNew(): Promise<void> {
    const { log } = this.#parts;
    let pending: usageV1.AttemptWitnessed[] = [];
    let next: SpoolPosition | undefined;
    for await (const logged of log.read(this.#cursor)) {
      pending.push(logged.witness);
      next = logged.next;
      if (pending.length < MOST_AT_ONCE) continue;
      await this.#publish(pending, next);
      pending = [];
    }
    if (next && pending.length > 0) await this.#publish(pending, next);
  }

  async #publish(witnesses: readonly usageV1.AttemptWitnessed[], next: SpoolPosition): Promise<void> {
    const { bus, cursor } = this.#parts;
    const sizeOf = (witness: usageV1.AttemptWitnessed): number =>
      usageV1.AttemptWitnessed.encode(witness).finish().length;
    await bus.publish(inBatches(witnesses, sizeOf).map((batch) => this.#record(batch)));
    await cursor.save(next);
    this.#cursor = next;
    this.#published += witnesses.length;
  }

  #record({ key, witnesses }: KeyedWitnesses): EventRecord {
    const { ids, nodeId, cellId, timer } = this.#parts;
    const [first] = witnesses;
    return {
      topic: TOPICS.usageAttempt.name,
      key,
      type: TOPICS.usageAttempt.types[0],
      id: ids('evt'),
      source: `/nodes/${nodeId}`,
      subject: key,
      time: (timer satisfies Clock).now(),
      organizationId: first!.organizationId,
      value: usageV1.WitnessBatch.encode({ witnesses, cellId }).finish(),
    };
  }

  async #trimWhenDue(): Promise<void> {
    const { timer, log } = this.#parts;
    if (timer.monotonicMs() - this.#trimmedMs < TRIM_EVERY_MS) return;
    this.#trimmedMs = timer.monotonicMs();
    await log.trim(this.#cursor);
  }
}
