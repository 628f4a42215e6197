import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import { toWire } from './envelope.ts';
import {
  EventBus,
  type PartitionRange,
  type RunningSubscription,
  type StoredOffsetSubscription,
  type Subscription,
} from './event-bus.ts';
import { assertFits, type EventRecord, type WireRecord } from './event-record.ts';
import type { StoredWireRecord } from './delivery.ts';
import { MemorySubscription } from './memory-subscription.ts';
import { withTraceparent } from './tracing.ts';

export interface MemoryTopic {
  readonly name: string;
  readonly partitions: number;
}

/** The bus within one process: for tests and the simulator. It keeps the same contract and forgets all at its end. */
export class MemoryEventBus extends EventBus {
  readonly #topics = new Map<string, StoredWireRecord[][]>();
  readonly #committed = new Map<string, bigint>();
  readonly #members: MemorySubscription[] = [];
  readonly #sleep: (ms: number) => Promise<unknown>;

  constructor(topics: readonly MemoryTopic[], options: { sleep?: (ms: number) => Promise<unknown> } = {}) {
    super();
    for (const { name, partitions } of topics)
      this.#topics.set(
        name,
        Array.from({ length: partitions }, () => []),
      );
    this.#sleep = options.sleep ?? delay;
  }

  async publish(records: readonly EventRecord[]): Promise<void> {
    const wires = records.map((record) => ({ topic: record.topic, wire: toWire(withTraceparent(record)) }));
    for (const { topic, wire } of wires) assertFits(topic, wire);
    for (const { topic, wire } of wires) this.append(topic, wire);
    return Promise.resolve();
  }

  /** Stores a record as it is, with or without an envelope. */
  append(topic: string, wire: WireRecord): void {
    const partitions = this.partitionsOf(topic);
    const log = partitions[wire.partition ?? hash(wire.key) % partitions.length]!;
    const value = wire.value === null ? null : Uint8Array.from(wire.value);
    log.push({ key: wire.key, value, headers: { ...wire.headers }, offset: BigInt(log.length) });
    for (const member of this.#members) member.wake();
  }

  subscribe(subscription: Subscription): RunningSubscription {
    return this.#run(subscription);
  }

  subscribeWithStoredOffsets(subscription: StoredOffsetSubscription): RunningSubscription {
    return this.#run(subscription);
  }

  partitions(topic: string): Promise<readonly PartitionRange[]> {
    const logs = this.partitionsOf(topic);
    return Promise.resolve(logs.map((log, partition) => ({ partition, start: 0n, end: BigInt(log.length) })));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
  }

  partitionsOf(topic: string): StoredWireRecord[][] {
    const partitions = this.#topics.get(topic);
    if (partitions !== undefined) return partitions;
    throw new DomainError('UNAVAILABLE', 'BROKER_UNAVAILABLE', `topic ${topic} was not created`, {
      details: { topic },
    });
  }

  #run(subscription: Subscription | StoredOffsetSubscription): RunningSubscription {
    const member = new MemorySubscription({
      bus: this,
      subscription,
      committed: this.#committed,
      rank: (of) => {
        const group = this.#members.filter(({ group }) => group === of.group);
        return { index: group.indexOf(of), size: group.length };
      },
      onEnd: (ended) => this.#remove(ended),
      sleep: this.#sleep,
    });
    this.#members.push(member);
    this.#rebalance(member.group);
    member.start();
    return member;
  }

  #remove(ended: MemorySubscription): void {
    const index = this.#members.indexOf(ended);
    if (index < 0) return;
    this.#members.splice(index, 1);
    this.#rebalance(ended.group);
  }

  #rebalance(group: string): void {
    for (const member of this.#members) if (member.group === group) member.rebalanced();
  }
}

/** FNV-1a: equal keys meet in one partition. */
function hash(key: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) state = Math.imul(state ^ key.charCodeAt(index), 0x01000193);
  return state >>> 0;
}
