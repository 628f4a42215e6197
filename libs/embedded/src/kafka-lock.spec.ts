import { parseKafkaLock, readKafkaLock } from './kafka-lock.ts';

const jar = { coordinates: 'org.example:thing_2.13:1.0.0', file: 'thing.jar', bytes: 3, sha256: 'a'.repeat(64) };

function parse(change: object) {
  return () => parseKafkaLock(JSON.stringify({ kafka: '4.4.0', jars: [{ ...jar, ...change }] }));
}

describe('the lock of the broker', () => {
  it('as committed names every jar once, and a logging binding among them', async () => {
    const { jars } = await readKafkaLock();
    expect(jars).toHaveLength(45);
    expect(new Set(jars.map(({ file }) => file)).size).toBe(45);
    expect(jars.map(({ coordinates }) => coordinates)).toContain('org.apache.logging.log4j:log4j-slf4j-impl:2.25.5');
  });

  it('accepts a whole entry', () => {
    expect(parse({})().jars).toEqual([jar]);
  });

  it.each([
    ['coordinates with a path', { coordinates: '../x:y:1' }],
    ['coordinates without a version', { coordinates: 'org.example:thing' }],
    ['a file name that leaves the directory', { file: '../thing.jar' }],
    ['no size', { bytes: undefined }],
    ['a size of nothing', { bytes: 0 }],
    ['no hash', { sha256: undefined }],
    ['a short hash', { sha256: 'abc' }],
  ])('refuses %s', (_what, change) => {
    expect(parse(change)).toThrow(expect.objectContaining({ reason: 'KAFKA_LOCK_DAMAGED' }));
  });

  it('refuses a lock without jars', () => {
    expect(() => parseKafkaLock('{"kafka":"4.4.0","jars":[]}')).toThrow('it lists no jars');
  });
});
