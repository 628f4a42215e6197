import { EchoService, seen } from '../test/echo.ts';
import { EchoHost, failureOf, rawCall, until } from '../test/echo-host.ts';

const echo = new EchoHost();
beforeAll(() => echo.start());
afterEach(() => echo.closeClients());
afterAll(() => echo.stop());

describe('errors', () => {
  it('arrive as they were thrown, without their cause', async () => {
    const error = await failureOf(echo.client().fail({ text: '' }));
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'ECHO_BROKEN',
      message: 'fix the écho first',
      details: { part: 'horn', empty: '' },
    });
    expect(error.cause).toBeUndefined();
  });

  it('that nobody foresaw leave a reference, and the rest stays in the log', async () => {
    const error = await failureOf(echo.client().fail({ text: 'bug' }));
    expect(error).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL' });
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
    const line = echo.log.find((entry) => entry.includes(error.details['reference']!));
    expect(line).toContain('the secret is hunter2');
    expect(line).toMatch(/"trace_id":"[0-9a-f]{32}"/);
  });

  it('of an answer that cannot be encoded are in the log, with the method', async () => {
    expect((await failureOf(echo.client().odd({ text: '' }))).code).toBe('INTERNAL');
    expect(echo.log.some((line) => line.includes(EchoService.odd.path) && line.includes('BigInt'))).toBe(true);
  });

  it('of a service that is not there name it and its address', async () => {
    const error = await failureOf(echo.client(echo.cell.api, { address: '127.0.0.1:1' }).say({ text: '' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVICE_UNREACHABLE' });
    expect(error.message).toContain('identity at 127.0.0.1:1');
  });

  it('are retried while the service is unavailable, and only where that is safe', async () => {
    seen.attempts = 0;
    expect(await echo.client().fail({ text: 'busy' }, { idempotent: true })).toEqual({ text: 'ready', count: 3 });
    seen.attempts = 0;
    expect(await failureOf(echo.client().fail({ text: 'busy' }))).toMatchObject({ reason: 'BUSY' });
    expect(seen.attempts).toBe(1);
  });
});

describe('time', () => {
  beforeEach(() => {
    seen.aborted.length = 0;
    seen.waiting = 0;
  });

  it('runs out for both sides at the deadline', async () => {
    const connected = echo.client();
    await connected.say({ text: 'connect first' });
    const error = await failureOf(connected.wait({ text: '' }, { deadlineMs: 250 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED' });
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['DEADLINE_EXCEEDED with deadline']);
  });

  it('is the client default when the call names none', async () => {
    const hasty = echo.client(echo.cell.api, { defaultDeadlineMs: 250 });
    await hasty.say({ text: 'connect first' });
    expect((await failureOf(hasty.wait({ text: '' }))).code).toBe('DEADLINE_EXCEEDED');
    await until(() => seen.aborted.length > 0);
  });

  it('is the server default when a client sends none', async () => {
    const hasty = await echo.another({ defaultDeadlineMs: 30 });
    const call = rawCall(echo.rawClient(echo.cell.api, hasty.port), EchoService.wait, { text: '' });
    await expect(call).rejects.toMatchObject({ code: 4 });
    expect(seen.aborted).toEqual(['DEADLINE_EXCEEDED with deadline']);
    await hasty.close();
  });

  it('ends for the handler when the client goes away', async () => {
    const abort = new AbortController();
    const failed = failureOf(echo.client().wait({ text: '' }, { signal: abort.signal }));
    await until(() => seen.waiting > 0);
    abort.abort();
    expect((await failed).code).toBe('CANCELLED');
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['CALL_CANCELLED with deadline']);
  });
});

describe('streams', () => {
  it('deliver what the server sends, then its error', async () => {
    const received: number[] = [];
    const reading = (async () => {
      for await (const { count } of echo.client().count({ text: 'break', count: 3 })) received.push(count!);
    })();
    expect(await failureOf(reading)).toMatchObject({ code: 'DATA_LOSS', reason: 'ECHO_LOST' });
    expect(received).toEqual([1, 2, 3]);
  });

  it('report an error that came before anybody looked', async () => {
    const client = echo.client();
    const lost = () => echo.log.filter((line) => line.includes('ECHO_LOST')).length;
    const before = lost();
    const stream = client.count({ text: 'break', count: 0 });
    await until(() => lost() > before);
    // Behind the error on the same connection: when this answers, the error has arrived.
    await client.say({ text: '' });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'ECHO_LOST' });
  });

  it('are cancelled at the server when the reader leaves', async () => {
    seen.aborted.length = 0;
    for await (const { count } of echo.client().count({ text: 'stay', count: 2 })) if (count === 2) break;
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['count']);
  });

  it('go both ways, with the caller known throughout', async () => {
    const stream = echo.client(echo.cell.node).talk();
    await stream.write({ text: 'one' });
    await stream.write({ text: 'two' });
    stream.end();
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    expect(texts).toEqual(['n1: one', 'n1: two', 'bye']);
  });

  it('tell a writer why the server ended them', async () => {
    const stream = echo.client().talk();
    await stream.write({ text: 'break' });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    expect(await failureOf(reading)).toMatchObject({ reason: 'ECHO_FENCED' });
    await expect(stream.write({ text: 'more' })).rejects.toMatchObject({ reason: 'ECHO_FENCED' });
  });

  it('upload with back-pressure and give one answer', async () => {
    const stream = echo.client().sum();
    for (let count = 1; count <= 500; count++) await stream.write({ text: 'x'.repeat(1_000), count });
    stream.end();
    expect(await stream.response).toEqual({ text: 'sum', count: 125_250 });
  });
});
