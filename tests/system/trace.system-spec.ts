import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { Fleet } from './fleet.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

/** An OTLP/HTTP receiver that keeps what it gets. */
class Receiver {
  readonly spans: Span[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.#take(JSON.parse(Buffer.concat(parts).toString()) as OtlpBody);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  #take({ resourceSpans }: OtlpBody): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })));
    }
  }
}

describe('a request is one connected trace', () => {
  const receiver = new Receiver();
  let fleet: Fleet;
  beforeAll(async () => {
    const traced = { OSTRO_OTLP_ENDPOINT: await receiver.listen() };
    fleet = await Fleet.start({ env: { gateway: traced, 'node-agent': traced, billing: traced } });
    await fleet.deploy('tiny', tinyModel({ seed: 1 }));
  }, 180_000);
  afterAll(async () => {
    await fleet?.stop();
    receiver.close();
  }, 60_000);

  it('through gateway, agent, runtime call, Kafka and billing', async () => {
    const traceId = randomBytes(16).toString('hex');
    const clientSpan = randomBytes(8).toString('hex');
    await fleet
      .openai()
      .completions.create(
        { model: 'tiny', prompt: 'the prompt nobody logs', max_tokens: 4 },
        { headers: { traceparent: `00-${traceId}-${clientSpan}-01` } },
      );
    const ours = () => receiver.spans.filter((span) => span.traceId === traceId);
    await eventually(
      () =>
        expect(new Set(ours().map(({ service }) => service))).toEqual(new Set(['gateway', 'node-agent', 'billing'])),
      { withinMs: 30_000 },
    );
    const known = new Set([clientSpan, ...ours().map(({ spanId }) => spanId)]);
    expect(ours().filter(({ parentSpanId }) => !known.has(parentSpanId ?? ''))).toEqual([]);
    expect(JSON.stringify(receiver.spans)).not.toContain('nobody logs');
  }, 60_000);
});
