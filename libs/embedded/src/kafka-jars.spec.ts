import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fetchKafkaJars } from './kafka-jars.ts';
import type { KafkaLock } from './kafka-lock.ts';
import type { Progress } from './progress.ts';

const contents = new Map([
  ['one-1.0.jar', 'the first jar'],
  ['two-1.0.jar', 'another jar'],
]);

const lock: KafkaLock = {
  kafka: '1.0',
  jars: [...contents].map(([file, content]) => ({
    coordinates: `org.example:${file.split('-')[0]}:1.0`,
    file,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  })),
};

describe('fetchKafkaJars', () => {
  let cacheDir: string;
  let server: Server;
  let requests: string[];
  /** What the repository answers instead of the truth, once. */
  let lies: string[];

  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'ostro-jars-'));
    requests = [];
    lies = [];
    server = createServer((request, response) => {
      const file = basename(request.url ?? '');
      requests.push(file);
      response.end(lies.pop() ?? contents.get(file));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await rm(cacheDir, { recursive: true });
  });

  const fetchAll = (onProgress?: (progress: Progress) => void) => {
    const mavenRepository = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fetchKafkaJars(lock, { cacheDir, mavenRepository, onProgress });
  };

  it('downloads every jar once and reports the bytes', async () => {
    const seen: Progress[] = [];
    const paths = await fetchAll((progress) => seen.push(progress));
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual([...contents.values()]);
    expect(seen.at(-1)).toMatchObject({ doneBytes: 24, totalBytes: 24 });

    await fetchAll();
    expect(requests.toSorted()).toEqual(['one-1.0.jar', 'two-1.0.jar']);
  });

  it('asks again for an altered answer and leaves nothing of it', async () => {
    lies = ['THE FIRST JAR'];
    const paths = await fetchAll();
    expect(requests).toHaveLength(3);
    expect(await readdir(join(cacheDir, 'kafka-1.0'))).toEqual(paths.map((path) => basename(path)));
  });

  it('replaces a jar that was cut off', async () => {
    const [first = ''] = await fetchAll();
    await truncate(first, 4);
    await fetchAll();
    expect(await readFile(first, 'utf8')).toBe('the first jar');
  });
});
