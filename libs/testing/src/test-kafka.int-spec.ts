import { Kafka, logLevel } from 'kafkajs';
import { testKafka } from './test-kafka.ts';

describe('testKafka', () => {
  it('makes topics that take a message at once and that no other suite shares', async () => {
    const kafka = testKafka();
    const topic = kafka.uniqueTopic('replica.v1');
    expect(testKafka().uniqueTopic('replica.v1')).not.toBe(topic);
    await kafka.createTopics([topic]);
    const producer = new Kafka({
      brokers: [...kafka.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).producer();
    await producer.connect();
    const [written] = await producer.send({ topic, messages: [{ value: 'first' }] });
    await producer.disconnect();
    expect(written?.errorCode).toBe(0);
  });
});
