import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EventStream } from '../../src/model-server/http/event-stream.ts';
import { aDirectory, remove } from './model-server-fixture.ts';

describe('EventStream', () => {
  it('gives up on a reader that takes nothing for the stall limit, and closes its connection', async () => {
    const directory = await aDirectory();
    const path = join(directory, 'stalled.sock');
    const event = { text: 'x'.repeat(10_000) };
    let sent = 0;
    const outcome = Promise.withResolvers<unknown>();
    const server = createServer((_, response) => {
      const stream = new EventStream(response, {}, 50);
      const flood = async (): Promise<void> => {
        for (; sent < 10_000; sent++) await stream.send(event);
      };
      flood().then(() => outcome.resolve('everything was taken'), outcome.resolve);
    });
    await once(server.listen(path), 'listening');
    const reader = connect(path).pause();
    reader.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await outcome.promise).toMatchObject({ code: 'CANCELLED', reason: 'READER_STALLED' });
    expect(sent).toBeLessThan(200);
    reader.resume();
    await once(reader, 'close');
    server.close();
    await remove(directory);
  });
});
