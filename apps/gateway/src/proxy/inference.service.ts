import type { ServerResponse } from 'node:http';
import { usageV1 } from '@ostro/contracts';
import type { Clock } from '@ostro/kernel';
import { isDomainError } from '@ostro/kernel';
import type { KnownKey } from '../domain/authenticate.ts';
import type { InferenceRequest } from '../domain/inference-request.ts';
import type { Operation } from '../domain/parameters.ts';
import { isRefusal, type Refusal, serverError } from '../domain/refusal.ts';
import type { UsageSpool } from '../usage/usage-spool.ts';
import { type Admission, usageSpoolFull } from './admission.service.ts';
import { encodeBegun } from './agent-request.ts';
import type { Attempt, Dispatcher, Opened } from './dispatcher.ts';
import type { Prompts } from './prompt.ts';
import type { PromptTokens } from './prompt-tokens.ts';
import { Relay, type Relayed } from './relay.ts';
import type { RunningRequests } from './running-requests.ts';
import { tokensOf } from './usage-trailer.ts';

/** A request that is to be answered. */
export interface InferenceCall {
  readonly requestId: string;
  readonly key: KnownKey;
  readonly request: InferenceRequest;
  readonly admission: Admission;
  readonly arrivedAtMs: number;
  readonly traceHeaders: Readonly<Record<string, string>>;
}

/** How it went. The response is still open: after a refusal nothing was written, else all but its end. */
export interface Served {
  readonly outcome: Outcome;
  readonly attempts: readonly Attempt[];
  readonly status: number;
  readonly tokens: usageV1.TokenCounts | undefined;
  readonly timeToFirstTokenMs: number | undefined;
  /** What the client is to be told instead of, or after, what it got. */
  readonly refusal: Refusal | undefined;
}

export type Outcome = 'completed' | 'client_cancelled' | 'failed' | 'refused';

export interface InferenceOptions {
  readonly dispatcher: Dispatcher;
  readonly prompts: Prompts;
  readonly promptTokens: Pick<PromptTokens, 'reported'>;
  readonly usage: UsageSpool;
  readonly running: RunningRequests;
  readonly clock: Clock;
  readonly cellId: string;
  readonly incarnation: string;
}

const { RequestOutcome, Operation: ProtoOperation } = usageV1;

const OUTCOMES: Readonly<Record<Outcome, usageV1.RequestOutcome>> = {
  completed: RequestOutcome.REQUEST_OUTCOME_COMPLETED,
  client_cancelled: RequestOutcome.REQUEST_OUTCOME_CLIENT_CANCELLED,
  failed: RequestOutcome.REQUEST_OUTCOME_FAILED,
  refused: RequestOutcome.REQUEST_OUTCOME_REFUSED,
};

const OPERATIONS: Readonly<Record<Operation, usageV1.Operation>> = {
  chat: ProtoOperation.OPERATION_CHAT,
  completion: ProtoOperation.OPERATION_COMPLETION,
  embedding: ProtoOperation.OPERATION_EMBEDDING,
};

/** Dispatches an admitted request, relays its answer and keeps its usage. */
export class InferenceService {
  readonly #options: InferenceOptions;

  constructor(options: InferenceOptions) {
    this.#options = options;
  }

  async serve(call: InferenceCall, response: ServerResponse): Promise<Served> {
    const { dispatcher, running } = this.#options;
    const ending = new Ending(response);
    const over = running.add(call.key.keyId, (why) => ending.endEarly(why));
    const begun = this.#begun(call);
    const usage = new UsageOfRequest(this.#options.usage, begun);
    const attempts: Attempt[] = [];
    try {
      const opened = await dispatcher.open({
        request: {
          operation: call.request.operation,
          body: call.admission.body,
          requestId: call.requestId,
          incarnation: this.#options.incarnation,
          begun: encodeBegun(begun),
          traceHeaders: call.traceHeaders,
        },
        target: call.admission.target,
        prompt: this.#options.prompts.read(call.request, call.key.organizationId),
        deploymentId: call.admission.target.deploymentId,
        isScalable: call.admission.target.isScalable,
        replicas: call.admission.replicas,
        signal: ending.signal,
        begin: () => usage.begin(),
        attempts,
      });
      const served = isRefusal(opened)
        ? unserved(opened, ending, attempts)
        : await this.#relay(call, opened, response, ending, attempts);
      usage.end({ ...this.#recordOf(served), begun, forwardedBytes: BigInt(ending.forwardedBytes()) });
      return served;
    } catch (error) {
      // A bug of ours: the client pays nothing, and the spool owes no End.
      usage.end({ ...this.#recordOf(brokenBy(attempts)), begun, forwardedBytes: BigInt(ending.forwardedBytes()) });
      throw error;
    } finally {
      ending.close();
      over();
    }
  }

  async #relay(
    call: InferenceCall,
    opened: Opened,
    response: ServerResponse,
    ending: Ending,
    attempts: readonly Attempt[],
  ): Promise<Served> {
    const { clock } = this.#options;
    const { answer, head, release } = opened;
    let timeToFirstTokenMs: number | undefined;
    const relay = new Relay(answer, response, () => {
      timeToFirstTokenMs = clock.monotonicMs() - call.arrivedAtMs;
    });
    ending.relays(relay, (why) => answer.abort(new Error(why.message)));
    try {
      if (!response.destroyed) this.#writeHead(call, opened, response);
      const relayed = await relay.run();
      const refusal = ending.why ?? refusalOf(relayed);
      const outcome = outcomeOf(relayed, ending, head.status);
      const tokens = outcome === 'completed' ? tokensOf(relayed.trailers) : undefined;
      if (tokens !== undefined) this.#options.promptTokens.reported(tokens);
      return { outcome, attempts, status: head.status, tokens, timeToFirstTokenMs, refusal };
    } finally {
      release();
    }
  }

  /** What is ours to say is already set on the response; of the agent's head only what describes the body is passed on. */
  #writeHead({ arrivedAtMs, admission }: InferenceCall, { head }: Opened, response: ServerResponse): void {
    response.setHeader('content-type', head.headers['content-type'] ?? 'application/json');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('openai-processing-ms', Math.round(this.#options.clock.monotonicMs() - arrivedAtMs));
    response.setHeader('x-ostro-model-digest', admission.target.modelDigest);
    response.writeHead(head.status);
    response.flushHeaders();
  }

  #begun({ requestId, key, request, admission, traceHeaders }: InferenceCall): usageV1.UsageBegun {
    const { route, target, price } = admission;
    return {
      requestId,
      cellId: this.#options.cellId,
      organizationId: key.organizationId,
      projectId: key.projectId,
      keyId: key.keyId,
      principalId: key.principalId,
      endpointId: route.endpointId,
      endpointName: route.name,
      providerOrganizationId: route.organizationId,
      deploymentId: target.deploymentId,
      modelDigest: target.modelDigest,
      priceBookId: price.bookId,
      priceVersion: price.version,
      sku: price.sku,
      slices: [],
      maximumAmount: price.maximumAmount,
      operation: OPERATIONS[request.operation],
      stream: request.isStream,
      beginTime: this.#options.clock.now(),
      traceparent: traceHeaders['traceparent'] ?? '',
    };
  }

  #recordOf({ outcome, attempts, tokens, timeToFirstTokenMs }: Served) {
    return {
      outcome: OUTCOMES[outcome],
      attempts: [...attempts],
      tokens,
      endTime: this.#options.clock.now(),
      timeToFirstTokenMs: Math.round(timeToFirstTokenMs ?? 0),
    };
  }
}

function unserved(refusal: Refusal, ending: Ending, attempts: readonly Attempt[]): Served {
  const outcome = ending.isClientGone ? 'client_cancelled' : 'failed';
  const why = ending.why ?? refusal;
  return { outcome, attempts, status: why.status, tokens: undefined, timeToFirstTokenMs: undefined, refusal: why };
}

function brokenBy(attempts: readonly Attempt[]): Served {
  const nothing = { tokens: undefined, timeToFirstTokenMs: undefined, refusal: undefined };
  return { outcome: 'failed', attempts, status: 500, ...nothing };
}

function refusalOf({ end }: Relayed): Refusal | undefined {
  if (end !== 'failed') return undefined;
  return serverError(
    'replica_failed',
    'The replica failed in the middle of this answer. Nothing is billed; send the request again.',
  );
}

function outcomeOf({ end }: Relayed, ending: Ending, status: number): Outcome {
  if (ending.why !== undefined || end === 'failed') return 'failed';
  if (end === 'client_gone') return 'client_cancelled';
  return status < 400 ? 'completed' : 'refused';
}

/** Ways in which a request ends before its answer does: the client leaves, or we end it. */
class Ending {
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  readonly #onClose = () => this.#left();
  #relay: Relay | undefined;
  #abortAnswer: ((why: Refusal) => void) | undefined;
  /** Why we ended it. */
  why: Refusal | undefined;
  isClientGone = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', this.#onClose);
    if (response.destroyed) this.#left();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  relays(relay: Relay, abortAnswer: (why: Refusal) => void): void {
    this.#relay = relay;
    this.#abortAnswer = abortAnswer;
    if (this.why !== undefined) abortAnswer(this.why);
  }

  forwardedBytes(): number {
    return this.#relay?.forwardedBytes ?? 0;
  }

  endEarly(why: Refusal): void {
    this.why ??= why;
    this.#abort.abort();
    this.#abortAnswer?.(why);
  }

  close(): void {
    this.#response.off('close', this.#onClose);
  }

  #left(): void {
    this.isClientGone = true;
    this.#abort.abort();
  }
}

/** The Begin and the End of one request: an End only where there is a Begin. */
class UsageOfRequest {
  readonly #spool: UsageSpool;
  readonly #begun: usageV1.UsageBegun;
  #hasBegun = false;

  constructor(spool: UsageSpool, begun: usageV1.UsageBegun) {
    this.#spool = spool;
    this.#begun = begun;
  }

  begin(): Refusal | undefined {
    if (this.#hasBegun) return undefined;
    try {
      this.#spool.begin(this.#begun);
      this.#hasBegun = true;
      return undefined;
    } catch (error) {
      if (isDomainError(error) && error.reason === 'SPOOL_FULL') return usageSpoolFull();
      throw error;
    }
  }

  end(finished: Parameters<UsageSpool['end']>[0]): void {
    if (this.#hasBegun) this.#spool.end(finished);
  }
}
