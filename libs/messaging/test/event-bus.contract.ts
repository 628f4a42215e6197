import { jest } from '@jest/globals';
import { DomainError } from '@ostro/kernel';
import {
  deadLetterTopic,
  PoisonRecord,
  type BatchHandler,
  type ConsumedRecord,
  type EventBus,
  type EventRecord,
  type Position,
  type StoredOffsetSubscription,
  type Subscription,
  type WireRecord,
} from '@ostro/messaging';
import { eventually } from '@ostro/testing';
import { anEvent, textOf } from './builders.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

export interface BusHarness {
  readonly bus: EventBus;
  /** A topic of its own, with dead letters. */
  createTopic(partitions?: number): Promise<string>;
  /** Stores a record as some foreign writer might. */
  appendRaw(topic: string, record: WireRecord): Promise<void>;
  close(): Promise<void>;
}

const WITHIN = { withinMs: 30_000 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** What every bus promises; the same tests for the real one and for the one in memory. */
export function eventBusContract(name: string, open: () => Promise<BusHarness>): void {
  describe(`${name} keeps the contract of EventBus:`, () => {
    let harness: BusHarness;
    let bus: EventBus;
    let topic: string;
    let crashes: unknown[];
    let groups = 0;

    beforeAll(async () => {
      harness = await open();
      bus = harness.bus;
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      topic = await harness.createTopic();
      crashes = [];
    });

    const event = (key: string, text: string, more: Partial<EventRecord> = {}): EventRecord =>
      anEvent({ topic, key, value: Buffer.from(text), ...more });
    const subscription = (handler: BatchHandler, more: Partial<Subscription> = {}): Subscription => ({
      group: `${topic}.group-${groups++}`,
      topics: [topic],
      handler,
      onCrash: (error) => crashes.push(error),
      ...more,
    });
    const collect = (more: Partial<Subscription> = {}, from = topic) => {
      const records: ConsumedRecord[] = [];
      const handler: BatchHandler = ({ records: batch }) => {
        records.push(...batch);
        return Promise.resolve();
      };
      const running = bus.subscribe(subscription(handler, { topics: [from], ...more }));
      return { records, running };
    };
    const has = (records: readonly unknown[], count: number): Promise<void> =>
      eventually(() => {
        expect(crashes).toEqual([]);
        expect(records).toHaveLength(count);
      }, WITHIN);

    it('a record arrives as it was published', async () => {
      const full = event('rep_1', 'payload', {
        organizationId: 'org_1',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        headers: { signature: 'abc' },
      });
      const empty = event('rep_1', '');
      const tombstone = event('rep_1', '', { tombstone: true });
      await bus.publish([full, empty, tombstone]);
      const { records, running } = collect();
      await has(records, 3);
      await running.stop();
      const published = [full, empty, tombstone].map((record) => ({ ...record, value: textOf(record) }));
      expect(records.map((record) => ({ ...record, value: textOf(record) }))).toEqual(
        published.map((record, n) => ({ ...record, partition: records[0]!.partition, offset: BigInt(n) })),
      );
    });

    it('order holds per key, also over calls that nobody awaited', async () => {
      const { records, running } = collect();
      const keys = numbers(20).map((n) => `rep_${n}`);
      await Promise.all(numbers(60).map((n) => bus.publish(keys.map((key) => event(key, String(n))))));
      await has(records, 1_200);
      await running.stop();
      for (const key of keys) {
        expect(records.filter((record) => record.key === key).map(textOf)).toEqual(numbers(60).map(String));
      }
    });

    it('a call may publish more than a batch holds, and no handler gets more than 500', async () => {
      const sizes: number[] = [];
      const running = bus.subscribe(
        subscription(({ records }) => {
          sizes.push(records.length);
          return Promise.resolve();
        }),
      );
      await bus.publish(numbers(1_800).map((n) => event('rep_1', `${n}`.padEnd(1_000, '.'))));
      await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_800), WITHIN);
      await running.stop();
      expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    });

    it('a record that can never fit is refused at once, with all of its call', async () => {
      const large = event('rep_1', 'x'.repeat(900_001));
      await expect(bus.publish([event('rep_1', 'small'), large])).rejects.toMatchObject({ reason: 'EVENT_TOO_LARGE' });
      const reserved = event('rep_1', 'x', { headers: { ce_id: 'mine' } });
      await expect(bus.publish([reserved])).rejects.toMatchObject({ reason: 'RESERVED_HEADER' });
      expect((await bus.partitions(topic)).every(({ end }) => end === 0n)).toBe(true);
    });

    it('partitions tell where a topic begins and ends, and a record may name its own', async () => {
      await bus.publish([event('rep_1', 'a', { partition: 2 }), event('rep_2', 'b', { partition: 2 })]);
      expect(await bus.partitions(topic)).toEqual(
        numbers(4).map((partition) => ({ partition, start: 0n, end: partition === 2 ? 2n : 0n })),
      );
    });

    it('members of a group share its records, and each group gets all', async () => {
      const group = `${topic}.shared`;
      const members = [collect({ group }), collect({ group })];
      const other = collect();
      await Promise.all([...members, other].map(({ running }) => running.joined));
      await bus.publish(numbers(200).map((n) => event(`rep_${n}`, String(n))));
      const texts = (records: readonly ConsumedRecord[]): number[] =>
        [...new Set(records.map((record) => Number(textOf(record))))].sort((a, b) => a - b);
      await eventually(() => {
        expect(texts(members.flatMap(({ records }) => records))).toEqual(numbers(200));
        expect(texts(other.records)).toEqual(numbers(200));
      }, WITHIN);
      await Promise.all([...members, other].map(({ running }) => running.stop()));
    });

    it('a group continues where it stopped, and may begin at the end', async () => {
      const group = `${topic}.continued`;
      await bus.publish([event('rep_1', 'before')]);
      const late = collect({ fromBeginning: false });
      await late.running.joined;
      const first = collect({ group });
      await has(first.records, 1);
      await first.running.stop();
      const second = collect({ group });
      await second.running.joined;
      await eventually(async () => {
        // Until the late group has found the end, what is published may be before it.
        await bus.publish([event('rep_1', 'after')]);
        expect(late.records.length).toBeGreaterThan(0);
      }, WITHIN);
      await eventually(() => expect(second.records.length).toBeGreaterThan(0), WITHIN);
      await Promise.all([late.running.stop(), second.running.stop()]);
      expect(late.records.map(textOf)).not.toContain('before');
      expect(second.records.map(textOf)).not.toContain('before');
    });

    it('poison goes to the dead letters with its reason, and its partition goes on', async () => {
      const seen = new Set<string>();
      const group = `${topic}.poisoned`;
      await bus.publish(numbers(9).map((n) => event('rep_1', n === 4 ? 'poison' : String(n))));
      const running = bus.subscribe(
        subscription(
          ({ records }) => {
            for (const record of records) {
              if (textOf(record) === 'poison') throw new PoisonRecord('unknown endpoint');
              seen.add(textOf(record));
            }
            return Promise.resolve();
          },
          { group },
        ),
      );
      const letters = collect({}, deadLetterTopic(topic));
      await has(letters.records, 1);
      await eventually(() => expect([...seen]).toEqual(['0', '1', '2', '3', '5', '6', '7', '8']), WITHIN);
      await Promise.all([running.stop(), letters.running.stop()]);
      const { partition } = (await bus.partitions(topic)).find(({ end }) => end > 0n)!;
      expect(textOf(letters.records[0]!)).toBe('poison');
      expect(letters.records[0]!.headers).toEqual({
        dlq_reason: 'unknown endpoint',
        dlq_topic: topic,
        dlq_partition: String(partition),
        dlq_offset: '4',
        dlq_group: group,
      });
    });

    it('a record without an envelope goes to the dead letters', async () => {
      await harness.appendRaw(topic, { key: 'rep_1', value: Buffer.from('noise'), headers: { from: 'elsewhere' } });
      await bus.publish([event('rep_1', 'good')]);
      const { records, running } = collect();
      await has(records, 1);
      await running.stop();
      expect(textOf(records[0]!)).toBe('good');
      expect((await bus.partitions(deadLetterTopic(topic))).map(({ end }) => end)).toEqual([1n]);
    });

    it('a passing trouble is retried: a few times if unknown, as long as it takes if it says UNAVAILABLE', async () => {
      const troubles: Error[] = [
        ...numbers(3).map(() => new DomainError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'gone')),
        new Error('who knows'),
      ];
      const seen: string[] = [];
      await bus.publish([event('rep_1', 'a')]);
      const running = bus.subscribe(
        subscription(
          ({ records }) => {
            const trouble = troubles.shift();
            if (trouble !== undefined) return Promise.reject(trouble);
            seen.push(...records.map(textOf));
            return Promise.resolve();
          },
          { attempts: 2 },
        ),
      );
      await eventually(() => expect(seen).toEqual(['a']), WITHIN);
      await running.stop();
      expect(crashes).toEqual([]);
    });

    it('a handler that keeps failing ends its subscription, and the record is still there for the next', async () => {
      const failure = new Error('a bug');
      let tries = 0;
      const group = `${topic}.crashing`;
      await bus.publish([event('rep_1', 'a')]);
      const running = bus.subscribe(
        subscription(
          () => {
            tries += 1;
            return Promise.reject(failure);
          },
          { group, attempts: 3 },
        ),
      );
      await eventually(() => expect(crashes).toEqual([failure]), WITHIN);
      await running.stop();
      expect(tries).toBe(3);
      crashes.length = 0;
      const healed = collect({ group });
      await has(healed.records, 1);
      await healed.running.stop();
    });

    describe('with offsets that the consumer stores itself,', () => {
      /** Stands for the consumer's database: effects and offset change together, or not at all. */
      class Ledger {
        readonly offsets = new Map<number, bigint>();
        readonly effects: string[] = [];

        commit({ partition, from, next }: Position, effects: readonly string[]): void {
          if (this.offsets.get(partition) !== from) throw new DomainError('ABORTED', 'STALE_CONSUMER', 'moved');
          this.offsets.set(partition, next);
          this.effects.push(...effects);
        }
      }

      const into = (ledger: Ledger, more: Partial<StoredOffsetSubscription> = {}): StoredOffsetSubscription => ({
        ...subscription(({ records, position }) => {
          ledger.commit(position, records.map(textOf));
          return Promise.resolve();
        }),
        loadOffset: (_topic, partition) => Promise.resolve(ledger.offsets.get(partition)),
        ...more,
      });
      const publish = (from: number, to: number): Promise<void> =>
        bus.publish(numbers(to - from).map((n) => event('rep_1', String(from + n))));

      it('a restart continues there, also under another group, and no effect happens twice', async () => {
        const ledger = new Ledger();
        await publish(0, 700);
        const first = bus.subscribeWithStoredOffsets(into(ledger));
        await eventually(() => expect(ledger.effects).toHaveLength(700), WITHIN);
        await first.stop();
        await publish(700, 1_500);
        const second = bus.subscribeWithStoredOffsets(into(ledger));
        await eventually(() => expect(ledger.effects).toEqual(numbers(1_500).map(String)), WITHIN);
        await second.stop();
        expect(crashes).toEqual([]);
      });

      it('a consumer that another has overtaken drops its work and continues from what is stored', async () => {
        const ledger = new Ledger();
        await publish(0, 10);
        const held = Promise.withResolvers<void>();
        const entered = Promise.withResolvers<void>();
        const handler: BatchHandler = async ({ records, position }) => {
          entered.resolve();
          await held.promise;
          ledger.commit(position, records.map(textOf));
        };
        const stale = bus.subscribeWithStoredOffsets(into(ledger, { handler }));
        await entered.promise;
        const rival = bus.subscribeWithStoredOffsets(into(ledger));
        await eventually(() => expect(ledger.effects).toHaveLength(10), WITHIN);
        await rival.stop();
        held.resolve();
        await publish(10, 12);
        await eventually(() => expect(ledger.effects).toEqual(numbers(12).map(String)), WITHIN);
        await stale.stop();
        expect(crashes).toEqual([]);
      });

      it('poison is passed over without a gap in what is stored', async () => {
        const ledger = new Ledger();
        await publish(0, 5);
        const handler: BatchHandler = ({ records, position }) => {
          if (records.some((record) => textOf(record) === '2')) return Promise.reject(new PoisonRecord('no price'));
          ledger.commit(position, records.map(textOf));
          return Promise.resolve();
        };
        const running = bus.subscribeWithStoredOffsets(into(ledger, { handler }));
        await eventually(() => expect(ledger.effects).toEqual(['0', '1', '3', '4']), WITHIN);
        await running.stop();
        expect([...ledger.offsets.values()]).toEqual([5n]);
      });

      it('an offset beyond the end of the topic is a loss that a person must look at', async () => {
        const ledger = new Ledger();
        await publish(0, 3);
        for (const partition of numbers(4)) ledger.offsets.set(partition, 99n);
        const running = bus.subscribeWithStoredOffsets(into(ledger));
        await eventually(() => expect(crashes).toMatchObject([{ code: 'DATA_LOSS' }]), WITHIN);
        await running.stop();
        expect(ledger.effects).toEqual([]);
      });
    });
  });
}
