import { jest } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { eventually, testKafka } from '@ostro/testing';
import { aBeat, aThing, temporaryDirectory, thingView } from '../test/view-fixtures.ts';
import { createTopics, KafkaEventBus } from './index.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

const WITHIN = { withinMs: 30_000 };

describe('a view on Kafka', () => {
  it('survives restarts, continues on its snapshot without Kafka, and catches up', async () => {
    const kafka = { ...testKafka(), clientId: 'view-test' };
    const topic = kafka.uniqueTopic('thing.v1');
    const directory = await temporaryDirectory();
    await createTopics(kafka, [{ name: topic, partitions: 4, cleanupPolicy: 'compact' }]);
    const bus = new KafkaEventBus(kafka);
    await bus.publish(Array.from({ length: 1_200 }, (_, n) => aThing(`t${n}`, 1, { topic })));

    const first = thingView(bus, directory, { topic });
    await first.view.start();
    await first.view.ready();
    expect(first.view.size).toBe(1_200);
    await bus.publish([0, 1, 2, 3].map((partition) => aBeat(topic, partition, first.clock.now())));
    await eventually(() => expect(first.view.ageMs()).toBe(0), WITHIN);
    await first.view.stop();

    await bus.publish([aThing('t7', 2, { topic }), aThing('t8', 0, { topic, tombstone: true })]);
    const deaf = new KafkaEventBus({ brokers: ['127.0.0.1:1'], clientId: 'deaf' });
    const second = thingView(deaf, directory, { topic });
    await second.view.start();
    await second.view.ready();
    expect([second.view.size, second.view.get('t7')?.generation]).toEqual([1_200, 1]);
    await second.view.stop();
    await deaf.close();

    const third = thingView(bus, directory, { topic });
    await third.view.start();
    await third.view.ready();
    expect([third.view.size, third.view.get('t7')?.generation]).toEqual([1_199, 2]);
    await bus.publish([aThing('t9', 2, { topic })]);
    await eventually(() => expect(third.view.get('t9')?.generation).toBe(2), WITHIN);
    expect(third.errors).toEqual([]);
    await third.view.stop();
    await bus.close();
    await rm(directory, { recursive: true });
  });
});
