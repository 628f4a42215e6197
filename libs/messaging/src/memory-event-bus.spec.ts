import { deadLetterTopic, MemoryEventBus } from './index.ts';
import { eventBusContract } from '../test/event-bus.contract.ts';

eventBusContract('MemoryEventBus', () => {
  const names = Array.from({ length: 50 }, (_, n) => `test.thing-${n}.v1`);
  const bus = new MemoryEventBus(
    names.flatMap((name) => [
      { name, partitions: 4 },
      { name: deadLetterTopic(name), partitions: 1 },
    ]),
  );
  return Promise.resolve({
    bus,
    createTopic: () => Promise.resolve(names.shift()!),
    appendRaw: (topic, record) => Promise.resolve(bus.append(topic, record)),
    close: () => bus.close(),
  });
});
