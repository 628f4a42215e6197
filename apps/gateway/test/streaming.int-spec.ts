import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { usageV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import OpenAI from 'openai';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { answerChat, chatChunk, finish, head } from './scripted-agent.ts';

const MIB = 1_024 * 1_024;
/** The system's own buffers of a hundred connections take hundreds of megabytes before anything waits. */
const UNTIL_SOCKETS_ARE_FULL = { withinMs: 75_000 };
const { REQUEST_OUTCOME_CLIENT_CANCELLED, REQUEST_OUTCOME_FAILED, REQUEST_OUTCOME_REFUSED } = usageV1.RequestOutcome;

describe('answers', () => {
  let gateway: RunningGateway;
  let usage: ReturnType<RunningGateway['cell']['collectUsage']>;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
    usage = gateway.cell.collectUsage();
  });
  afterEach(() => {
    gateway.agent.script = answerChat('Hello');
  });
  afterAll(async () => {
    await usage.stop();
    await gateway.close();
  });

  const recorded = (requestId: string) =>
    eventually(() => {
      const found = usage.recorded.find(({ begun }) => begun!.requestId === requestId);
      expect(found).toBeDefined();
      return found!;
    }, WITHIN);

  const lastRequestId = () => gateway.agent.calls.at(-1)!.begun.requestId;

  it('are passed on byte for byte, each chunk when it comes', async () => {
    const step = Promise.withResolvers<void>();
    gateway.agent.script = async (_call, response) => {
      head(response, 'text/event-stream');
      response.write('data: {"a":1}\n\nda');
      await step.promise;
      response.write('ta: {"ü":2}\n\n');
      finish(response);
    };
    const { body } = await gateway.chat({ stream: true });
    const reader = body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: {"a":1}\n\nda');
    step.resolve();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('ta: {"ü":2}\n\n');
    expect((await reader.read()).done).toBe(true);
    const { forwardedBytes } = await recorded(lastRequestId());
    expect(forwardedBytes).toBe(BigInt(Buffer.byteLength('data: {"a":1}\n\ndata: {"ü":2}\n\n')));
  });

  it("of the model server's own refusals go to the client as they are, and cost nothing", async () => {
    const error = {
      message: 'too long',
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    };
    gateway.agent.script = (_call, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error }));
    };
    const chat = gateway
      .openai()
      .chat.completions.create({ model: gateway.model, messages: [{ role: 'user', content: 'Hi' }] });
    await expect(chat).rejects.toMatchObject({ status: 400, code: error.code, param: error.param });
    expect(await recorded(lastRequestId())).toMatchObject({ outcome: REQUEST_OUTCOME_REFUSED, tokens: undefined });
  });

  it('that the agent breaks off end with an error the client throws, as our failure', async () => {
    gateway.agent.script = ({ body }, response) => {
      head(response, 'text/event-stream');
      response.write(chatChunk(body['model'], 'half'), () => response.destroy());
    };
    const stream = await gateway
      .openai()
      .chat.completions.create({ model: gateway.model, messages: [{ role: 'user', content: 'Hi' }], stream: true });
    const read = async () => {
      for await (const chunk of stream) expect(chunk.choices[0]!.delta.content).toBe('half');
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(await recorded(lastRequestId())).toMatchObject({ outcome: REQUEST_OUTCOME_FAILED, tokens: undefined });
  });

  it('that are not streamed and broken off are cut, never passed for whole', async () => {
    gateway.agent.script = (_call, response) => {
      head(response, 'application/json');
      response.write('{"id":', () => response.destroy());
    };
    await expect(gateway.chat().then((response) => response.text())).rejects.toThrow();
    expect(await recorded(lastRequestId())).toMatchObject({ outcome: REQUEST_OUTCOME_FAILED });
  });

  describe('when the client leaves', () => {
    it('in the middle of a stream, the agent is cut off at once and what was delivered is reported', async () => {
      const chunk = chatChunk(gateway.model, 'x');
      gateway.agent.script = (_call, response) => {
        head(response, 'text/event-stream');
        response.write(chunk);
      };
      const abort = new AbortController();
      const { body } = await gateway.chat({ stream: true }, { signal: abort.signal });
      await body!.getReader().read();
      const leftAt = performance.now();
      abort.abort();
      await gateway.agent.calls.at(-1)!.closed;
      expect(performance.now() - leftAt).toBeLessThan(1_000);
      expect(await recorded(lastRequestId())).toMatchObject({
        outcome: REQUEST_OUTCOME_CLIENT_CANCELLED,
        forwardedBytes: BigInt(chunk.length),
      });
    });

    it('before the first byte, too', async () => {
      const calls = gateway.agent.calls.length;
      gateway.agent.script = () => undefined;
      const abort = new AbortController();
      const left = gateway.chat({}, { signal: abort.signal }).catch((error: Error) => error.name);
      await eventually(() => expect(gateway.agent.calls).toHaveLength(calls + 1), WITHIN);
      abort.abort();
      expect(await left).toBe('AbortError');
      await gateway.agent.calls.at(-1)!.closed;
      expect(await recorded(lastRequestId())).toMatchObject({
        outcome: REQUEST_OUTCOME_CLIENT_CANCELLED,
        forwardedBytes: 0n,
      });
    });
  });

  it('wait for clients that do not read: 50 of them cost next to nothing', async () => {
    const pushing: Pushing[] = [];
    gateway.agent.script = (_call, response) => {
      head(response, 'text/event-stream');
      pushing.push(pushEndlessly(response));
    };
    const before = memoryInUse();
    const clients = await Promise.all(Array.from({ length: 50 }, () => neverReading(gateway)));
    await eventually(() => {
      expect(pushing).toHaveLength(50);
      expect(pushing.every(({ isBlocked }) => isBlocked())).toBe(true);
    }, UNTIL_SOCKETS_ARE_FULL);
    // Buffers that were written out are given back some collections later; what is held for good stays above.
    await eventually(() => expect(memoryInUse() - before).toBeLessThan(50 * MIB), WITHIN);
    for (const client of clients) client.destroy();
    await Promise.all(gateway.agent.calls.slice(-50).map(({ closed }) => closed));
  });
});

interface Pushing {
  /** Nothing has left for as long as an event loop needs to notice. */
  isBlocked(): boolean;
}

/** Writes as fast as it is read. */
function pushEndlessly(response: ServerResponse): Pushing {
  const chunk = Buffer.from(chatChunk('model', 'y'.repeat(16_000)));
  let waitingSince: number | undefined;
  const push = () => {
    waitingSince = undefined;
    while (!response.destroyed && response.write(chunk));
    waitingSince = performance.now();
  };
  response.on('drain', push);
  push();
  return { isBlocked: () => waitingSince !== undefined && performance.now() - waitingSince > 500 };
}

/** A client with a stream under way whose socket is never read. */
async function neverReading(gateway: RunningGateway): Promise<Socket> {
  const body = JSON.stringify({ model: gateway.model, messages: [{ role: 'user', content: 'Hi' }], stream: true });
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname).pause();
  await once(socket, 'connect');
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.key.secret}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

/** What is held, without what is only not yet collected. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
