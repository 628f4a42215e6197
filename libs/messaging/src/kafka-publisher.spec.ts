import type { Producer, ProducerBatch } from 'kafkajs';
import { eventually } from '@ostro/testing';
import { KafkaPublisher } from './kafka-publisher.ts';

const a = (key: string, bytes = 1) => ({ topic: 't', record: { key, value: new Uint8Array(bytes), headers: {} } });

/** Stands for the broker, which a test cannot make fail at the right moment. */
class ScriptedProducers {
  readonly sent: { producer: number; keys: string[] }[] = [];
  #count = 0;
  readonly #answer: (send: number) => Promise<void>;

  constructor(answer: (send: number) => Promise<void> = () => Promise.resolve()) {
    this.#answer = answer;
  }

  readonly create = (): Producer => {
    const producer = this.#count++;
    return {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      sendBatch: async ({ topicMessages = [] }: ProducerBatch) => {
        const keys = topicMessages.flatMap(({ messages }) => messages.map(({ key }) => String(key)));
        this.sent.push({ producer, keys });
        await this.#answer(this.sent.length);
        return [];
      },
    } as unknown as Producer;
  };
}

describe('the publisher', () => {
  const open = (producers: ScriptedProducers) =>
    new KafkaPublisher({ createProducer: producers.create, lingerMs: 5, maxPendingBytes: 1_000_000 });

  it('gathers calls of the same moment into one batch', async () => {
    const producers = new ScriptedProducers();
    const publisher = open(producers);
    await Promise.all([publisher.publish([a('1')]), publisher.publish([a('2'), a('3')])]);
    expect(producers.sent).toEqual([{ producer: 0, keys: ['1', '2', '3'] }]);
  });

  it('splits at 500 records and at 900 kB', async () => {
    const producers = new ScriptedProducers();
    const publisher = open(producers);
    await publisher.publish(Array.from({ length: 501 }, () => a('x')));
    await publisher.publish([a('l', 500_000), a('l', 300_000), a('l', 200_000)]);
    expect(producers.sent.map(({ keys }) => keys.length)).toEqual([500, 1, 2, 1]);
  });

  it('after a failure lets nothing overtake it, and never uses that producer again', async () => {
    const first = Promise.withResolvers<void>();
    const producers = new ScriptedProducers((send) => (send === 1 ? first.promise : Promise.resolve()));
    const publisher = open(producers);
    const failing = publisher.publish([a('1')]);
    await eventually(() => expect(producers.sent).toHaveLength(1));
    const behind = publisher.publish([a('2')]);
    first.reject(new Error('no answer'));
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'BROKER_UNAVAILABLE' });
    await expect(behind).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await publisher.publish([a('1')]);
    expect(producers.sent.map(({ producer, keys }) => [producer, ...keys])).toEqual([
      [0, '1'],
      [1, '1'],
    ]);
  });

  it('holds callers back while too many bytes are under way', async () => {
    const first = Promise.withResolvers<void>();
    const producers = new ScriptedProducers((send) => (send === 1 ? first.promise : Promise.resolve()));
    const publisher = new KafkaPublisher({ createProducer: producers.create, lingerMs: 0, maxPendingBytes: 100 });
    const done: string[] = [];
    const calls = ['1', '2', '3'].map((key) => publisher.publish([a(key, 80)]).then(() => done.push(key)));
    await eventually(() => expect(producers.sent).toHaveLength(1));
    expect(producers.sent[0]!.keys).toEqual(['1']);
    first.resolve();
    await Promise.all(calls);
    expect(done).toEqual(['1', '2', '3']);
    expect(producers.sent.map(({ keys }) => keys)).toEqual([['1'], ['2'], ['3']]);
  });

  it('sends what was published before it closes', async () => {
    const producers = new ScriptedProducers();
    const publisher = open(producers);
    const last = publisher.publish([a('1')]);
    await publisher.close();
    await last;
    expect(producers.sent).toHaveLength(1);
  });
});
