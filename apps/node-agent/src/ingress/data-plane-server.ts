import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HostPort } from '@ostro/config';
import { DomainError, type Sensitive } from '@ostro/kernel';
import { mutualTls, type Peer, peerOf } from '@ostro/pki';
import { type Logger, OSTRO, withRequestId, withSpan, withTrace } from '@ostro/telemetry';
import type { Tracer } from '@opentelemetry/api';
import type { NodeIdentity } from '../enrolment/node-identity.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { bodyLimitBytes } from '../model-server/http/body-limit.ts';
import { toErrorAnswer } from '../model-server/http/openai-error.ts';
import { readJson } from '../model-server/http/read-json.ts';
import { sendJson } from '../model-server/http/send-json.ts';
import type { Timer } from '../model-server/timer.ts';
import type { Replica } from '../replicas/replica.ts';
import type { ReplicaSupervisor } from '../replicas/replica-supervisor.ts';
import type { WitnessLog } from '../witness/witness-log.ts';
import { type AttemptHead, parseAttemptHead } from './attempt-head.ts';
import { Attempt } from './attempt.ts';
import { type AskedReplica, type Refusal, refusalOf } from './domain/admission.ts';
import { isObject, rewriteRequest } from './domain/client-wish.ts';
import { GatewayAnswer, refuse } from './gateway-answer.ts';
import { Upstream } from './upstream.ts';

const ROUTE = /^\/replicas\/(rep_[0-9a-f]{32})(\/v1\/(?:chat\/completions|completions|embeddings))$/;
/** Longer than gateways keep idle connections, so that they close first and never write into a closing one. */
const KEEP_ALIVE_MS = 75_000;

export interface DataPlaneParts {
  readonly identity: NodeIdentity;
  readonly supervisor: ReplicaSupervisor;
  readonly witnesses: WitnessLog;
  /** Secret of this node: organizations' names for their cached prefixes are made with it. */
  readonly isolationSecret: Sensitive<Buffer>;
  readonly timer: Timer;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly metrics: AgentMetrics;
}

/** Where gateways bring requests (docs/data-plane.md). Lets in gateways of the cell, and each to its replicas only. */
export class DataPlaneServer {
  readonly #parts: DataPlaneParts;
  readonly #server: Server;
  readonly #upstream = new Upstream();
  readonly #peers = new WeakMap<TLSSocket, Peer>();

  constructor(parts: DataPlaneParts) {
    this.#parts = parts;
    const { identity, logger } = parts;
    this.#server = createServer(
      { ...mutualTls(identity.current), keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => {
        this.#handle(request, response).catch((error: unknown) => {
          logger.error({ err: error }, 'an attempt failed');
          response.destroy();
        });
      },
    );
    // A peer without a good certificate; it is told by TLS.
    this.#server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a connection was refused'));
    identity.onRenewed((renewed) => this.#server.setSecureContext(mutualTls(renewed)));
  }

  /** @throws DomainError FAILED_PRECONDITION (ADDRESS_IN_USE) */
  async listen({ host, port }: HostPort): Promise<number> {
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
      const message = `${host}:${port} is taken; set OSTRO_DATA_PLANE_BIND to another address`;
      throw new DomainError('FAILED_PRECONDITION', 'ADDRESS_IN_USE', message, { cause });
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes nothing new and lets answers end until the deadline; then they are cut. */
  async close(deadlineMs: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const over = new AbortController();
    const patience = this.#parts.timer.sleep(deadlineMs, over.signal).then(
      () => this.#server.closeAllConnections(),
      () => undefined,
    );
    await closed;
    this.#upstream.close();
    over.abort();
    await patience;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, replicaId = '', path = ''] = ROUTE.exec(request.url ?? '') ?? [];
    if (request.method !== 'POST' || path === '') {
      request.resume();
      response.writeHead(404).end();
      return;
    }
    const admitted = this.#admit(request, replicaId);
    if (typeof admitted === 'string') {
      this.#parts.metrics.refused(admitted);
      request.resume();
      return refuse(response, admitted);
    }
    const { head, release } = admitted;
    try {
      await withRequestId(head.requestId, () =>
        withTrace(request.headers, () => this.#serve({ request, response, path, ...admitted })),
      );
    } finally {
      release();
    }
  }

  /** A place on the replica, or why there is none. Nothing is awaited here, so two requests never take the last one. */
  #admit(request: IncomingMessage, replicaId: string): Place | Refusal {
    const { supervisor, timer, witnesses } = this.#parts;
    const peer = this.#peerOf(request.socket as TLSSocket);
    if (peer.kind !== 'gateway') return 'wrong_group';
    const head = parseAttemptHead(request.headers);
    if (!head) return 'bad_admission';
    const replica = supervisor.get(replicaId);
    const caller = { gatewayGroup: peer.name, admittedAtMs: head.admittedAtMs };
    const refusal = refusalOf(replica && askedReplica(replica), caller, timer.now().getTime());
    if (refusal || !replica) return refusal ?? 'unknown_replica';
    // Without room for its witness an attempt would leave no trace.
    return witnesses.healthy() ? { replica, head, release: replica.beginRequest() } : 'not_ready';
  }

  /** Read once a connection: its certificate cannot change. */
  #peerOf(socket: TLSSocket): Peer {
    const peer = this.#peers.get(socket) ?? peerOf(socket.getPeerCertificate());
    this.#peers.set(socket, peer);
    return peer;
  }

  async #serve(admitted: Admitted): Promise<void> {
    const { tracer, logger } = this.#parts;
    const { replica, head, path } = admitted;
    const attributes = {
      [OSTRO.requestId]: head.requestId,
      [OSTRO.attempt]: head.attempt,
      [OSTRO.replicaId]: replica.id,
      [OSTRO.organizationId]: head.begun.organizationId,
    };
    try {
      await withSpan(tracer, `attempt ${path}`, attributes, () => this.#attempt(admitted));
    } catch (error) {
      logger.warn({ err: error, replica: replica.id }, 'an attempt did not end well');
      // Whatever went wrong, no gateway waits for an answer that will not come.
      if (!admitted.response.headersSent) admitted.response.destroy();
    }
  }

  async #attempt({ request, response, replica, head, path, release }: Admitted): Promise<void> {
    const { witnesses, metrics, timer } = this.#parts;
    const desired = replica.desired!;
    const process = replica.process;
    if (!process) return refuse(response, 'not_ready');
    const answer = new GatewayAnswer(response);
    const asked = await this.#read(request, response, desired);
    if (!asked || answer.gone.aborted) return;
    const endWitness = witnesses.begin({
      requestId: head.requestId,
      attempt: head.attempt,
      organizationId: head.begun.organizationId,
      replicaId: replica.id,
      modelDigest: desired.modelDigest,
      traceparent: head.traceparent,
      gatewayIncarnation: head.gatewayIncarnation,
      begun: head.begun,
    });
    const startedMs = timer.monotonicMs();
    const { socketPath } = process.record;
    const isolationKey = this.#isolationKey(head.begun.organizationId);
    const attempt = new Attempt({ socketPath, path, ...asked, isolationKey, onEngineDone: release }, answer);
    try {
      await attempt.run(this.#upstream);
    } finally {
      endWitness(attempt.result);
      metrics.ended(attempt.result, timer.monotonicMs() - startedMs);
    }
  }

  /** Undefined when the client's request cannot be read, which it is told in OpenAI's words. */
  async #read(request: IncomingMessage, response: ServerResponse, desired: NonNullable<Replica['desired']>) {
    try {
      const body = await readJson(request, bodyLimitBytes(desired.contextTokens));
      if (!isObject(body)) throw new DomainError('INVALID_ARGUMENT', 'INVALID_VALUE', "'body' must be a JSON object.");
      const rewritten = rewriteRequest(body, desired.servedName);
      return { body: encoded(rewritten.body), wish: rewritten.wish };
    } catch (error) {
      if (response.destroyed) return undefined;
      const refused = toErrorAnswer(error);
      if (!request.complete) response.setHeader('connection', 'close');
      sendJson(response, refused.status, refused.body);
      return undefined;
    }
  }

  #isolationKey(organizationId: string): string {
    return createHmac('sha256', this.#parts.isolationSecret.reveal()).update(organizationId).digest('hex');
  }
}

/** What the parser reads at any depth the encoder may not write: it recurses. */
function encoded(body: Record<string, unknown>): Buffer {
  try {
    return Buffer.from(JSON.stringify(body));
  } catch (cause) {
    const message = "'body' is nested too deeply; send flat values.";
    throw new DomainError('INVALID_ARGUMENT', 'BODY_TOO_DEEP', message, { cause });
  }
}

function askedReplica(replica: Replica): AskedReplica | undefined {
  const { desired, phase, runningRequests } = replica;
  if (!desired) return undefined;
  const isLeaving = phase === 'draining' || phase === 'stopped';
  const state = phase === 'ready' ? 'ready' : isLeaving ? 'draining' : 'not_ready';
  return { state, gatewayGroups: desired.gatewayGroups, runningRequests, concurrency: desired.concurrency };
}

interface Place {
  readonly replica: Replica;
  readonly head: AttemptHead;
  readonly release: () => void;
}

interface Admitted extends Place {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}
