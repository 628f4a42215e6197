import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { usageV1 } from '@ostro/contracts';
import { type IdSource } from '@ostro/kernel';
import { expectPeer, mutualTls, type TlsIdentity } from '@ostro/pki';

// What an answer holds is asserted on, not described twice.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

export interface GatewayAnswer {
  readonly requestId: string;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly usage: Loose;
}

export interface GatewayRequest {
  readonly replicaId: string;
  readonly body: object | string;
  readonly path?: string;
  readonly organizationId?: string;
  readonly admittedAt?: Date;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Calls an agent's data plane as a gateway of a group does. */
export class GatewayClient {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #ids: IdSource;

  constructor(identity: TlsIdentity, nodeId: string, port: number, ids: IdSource) {
    this.#port = port;
    this.#ids = ids;
    this.#agent = new Agent({
      ...mutualTls(identity),
      keepAlive: true,
      checkServerIdentity: expectPeer({ kind: 'node', name: nodeId }),
    });
  }

  async ask(asked: GatewayRequest): Promise<GatewayAnswer> {
    const { requestId, response } = await this.open(asked);
    let body = '';
    response.setEncoding('utf8');
    for await (const part of response) body += part as string;
    const trailer = response.trailers['x-ostro-usage'];
    return {
      requestId,
      status: response.statusCode ?? 0,
      headers: response.headers,
      body,
      usage: trailer === undefined ? undefined : JSON.parse(trailer),
    };
  }

  /** Resolves with the head; the body is the caller's to read, or to leave. */
  async open(asked: GatewayRequest): Promise<{ requestId: string; response: IncomingMessage; leave(): void }> {
    const requestId = this.#ids('req');
    const organizationId = asked.organizationId ?? this.#ids('org');
    const begun = usageV1.UsageBegun.encode(usageV1.UsageBegun.fromPartial({ requestId, organizationId })).finish();
    const headers: Record<string, string | undefined> = {
      'content-type': 'application/json',
      'x-ostro-request-id': requestId,
      'x-ostro-attempt': '1',
      'x-ostro-admitted-at': (asked.admittedAt ?? new Date()).toISOString(),
      'x-ostro-gateway-incarnation': this.#ids('inc'),
      'x-ostro-usage-begun': Buffer.from(begun).toString('base64url'),
      ...asked.headers,
    };
    const call = request({
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#port,
      method: 'POST',
      path: `/replicas/${asked.replicaId}${asked.path ?? '/v1/chat/completions'}`,
      headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    });
    call.end(typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve).once('error', reject);
    });
    return { requestId, response, leave: () => call.destroy() };
  }

  /** Leaves once `when` resolves, whether the head of the answer has come by then or not; reads nothing of it. */
  async abandon(asked: GatewayRequest, when: () => Promise<unknown>): Promise<void> {
    const opened = this.open(asked).then(
      ({ response }) => response.on('error', () => undefined),
      () => undefined,
    );
    await when();
    this.#agent.destroy();
    await opened;
  }

  close(): void {
    this.#agent.destroy();
  }
}

export function chunksOf(body: string): Loose[] {
  return body
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)));
}

export function textOf(chunks: readonly Loose[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');
}
