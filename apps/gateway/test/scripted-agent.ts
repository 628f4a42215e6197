import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { schedulingV1, usageV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { mutualTls, peerOf } from '@ostro/pki';
import type { TestCell } from './test-cell.ts';

/** One request as the agent got it. */
export interface AgentCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly begun: usageV1.UsageBegun;
  /** Milliseconds since the connection was closed by the gateway. */
  readonly closed: Promise<unknown>;
  readonly request: IncomingMessage;
}

export type AgentScript = (call: AgentCall, response: ServerResponse) => void | Promise<void>;

/** A node agent as the data plane describes it, with a script instead of a model behind it. */
export class ScriptedAgent {
  readonly nodeId: string;
  readonly replicaId = randomIds('rep');
  readonly calls: AgentCall[] = [];
  script: AgentScript = answerChat('Hello');
  readonly #server: Server;

  private constructor(nodeId: string, server: Server) {
    this.nodeId = nodeId;
    this.#server = server;
  }

  static async open(cell: TestCell): Promise<ScriptedAgent> {
    const nodeId = randomIds('nod');
    const server = createServer(mutualTls(await cell.nodeIdentity(nodeId)));
    const agent = new ScriptedAgent(nodeId, server);
    server.on('request', (request, response) => void agent.#handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return agent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  replica(overrides: Partial<schedulingV1.RouteReplica> = {}): schedulingV1.RouteReplica {
    return schedulingV1.RouteReplica.fromPartial({
      replicaId: this.replicaId,
      nodeId: this.nodeId,
      address: { address: { $case: 'direct', direct: { host: '127.0.0.1', port: this.port } } },
      concurrency: 1_000,
      ...overrides,
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const peer = peerOf((request.socket as TLSSocket).getPeerCertificate());
    if (peer.kind !== 'gateway') throw new Error(`the caller is ${peer.kind} ${peer.name}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const begun = Buffer.from(String(request.headers['x-ostro-usage-begun']), 'base64url');
    const call: AgentCall = {
      path: request.url!,
      headers: request.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      begun: usageV1.UsageBegun.decode(begun),
      closed: once(response, 'close'),
      request,
    };
    this.calls.push(call);
    await this.script(call, response);
  }
}

const USAGE = { inputTokens: 7, cachedInputTokens: 2, outputTokens: 3, finishReason: 'stop' };

/** A chat or text answer, streamed if it was asked for. */
export function answerChat(text: string, usage = USAGE): AgentScript {
  return ({ body }, response) => {
    const isStream = body['stream'] === true;
    head(response, isStream ? 'text/event-stream' : 'application/json');
    if (isStream) {
      for (const piece of text.match(/.{1,4}/gs) ?? []) response.write(chatChunk(body['model'], piece));
      response.write('data: [DONE]\n\n');
    } else {
      response.write(JSON.stringify(chatAnswer(body['model'], text)));
    }
    finish(response, usage);
  };
}

export function head(response: ServerResponse, contentType: string): void {
  response.writeHead(200, { 'content-type': contentType, 'x-ostro-input-tokens': '7', trailer: 'x-ostro-usage' });
}

export function finish(response: ServerResponse, usage: object = USAGE): void {
  response.addTrailers({ 'x-ostro-usage': JSON.stringify(usage) });
  response.end();
}

export function chatChunk(model: unknown, content: string): string {
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: null };
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices: [choice] })}\n\n`;
}

function chatAnswer(model: unknown, content: string) {
  const choice = {
    index: 0,
    message: { role: 'assistant', content, refusal: null },
    logprobs: null,
    finish_reason: 'stop',
  };
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model, choices: [choice], usage };
}

export function refuse(status: number, refusal: string): AgentScript {
  return (_call, response) => {
    response.writeHead(status, { 'x-ostro-refusal': refusal, 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: refusal, type: 'server_error', param: null, code: refusal } }));
  };
}

/** A route to agents for an endpoint of the cell's project. */
export function aRoute(
  cell: TestCell,
  replicas: readonly schedulingV1.RouteReplica[],
  overrides: {
    name?: string;
    endpoint?: Partial<schedulingV1.Endpoint>;
    target?: Partial<schedulingV1.RouteTarget>;
  } & Partial<Pick<schedulingV1.RouteRecord, 'state' | 'cause'>> = {},
): schedulingV1.RouteRecord {
  const { name = `model-${randomIds('ept').slice(-8)}`, endpoint, target, ...rest } = overrides;
  return schedulingV1.RouteRecord.fromPartial({
    endpoint: {
      endpointId: randomIds('ept'),
      organizationId: cell.organizationId,
      projectId: cell.projectId,
      name,
      audience: schedulingV1.Audience.AUDIENCE_PROJECT,
      createTime: new Date(),
      ...endpoint,
    },
    state: replicas.length > 0 ? schedulingV1.RouteState.ROUTE_STATE_READY : schedulingV1.RouteState.ROUTE_STATE_COLD,
    cause: schedulingV1.RouteCause.ROUTE_CAUSE_ADDED,
    targets: [
      {
        deploymentId: randomIds('dep'),
        revisionId: randomIds('rev'),
        weight: 1,
        modelDigest: `sha256:${randomBytes(32).toString('hex')}`,
        modelName: 'tiny',
        contextTokens: 2_048,
        maxOutputTokens: 512,
        defaultMaxOutputTokens: 128,
        replicas: [...replicas],
        ...target,
      },
    ],
    cellId: 'cell-1',
    epoch: 1n,
    generation: cell.nextGeneration(),
    ...rest,
  });
}
