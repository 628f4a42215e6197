import { context, propagation, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { Clock } from '@ostro/kernel';
import {
  extractTrace,
  GEN_AI,
  GEN_AI_LABELS,
  GEN_AI_METRICS,
  GEN_AI_OPERATION,
  GEN_AI_PROVIDER,
  type Logger,
  type Metrics,
  OSTRO,
  withRequestId,
} from '@ostro/telemetry';
import type { KnownKey } from '../domain/authenticate.ts';
import type { InferenceRequest } from '../domain/inference-request.ts';
import type { Operation } from '../domain/parameters.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Admission } from '../proxy/admission.service.ts';
import type { Served } from '../proxy/inference.service.ts';

const OPERATION_NAMES: Readonly<Record<Operation, string>> = {
  chat: GEN_AI_OPERATION.chat,
  completion: GEN_AI_OPERATION.completion,
  embedding: GEN_AI_OPERATION.embeddings,
};

export interface TelemetryOptions {
  readonly tracer: Tracer;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How a request ended: it was served in some way, or refused before. */
export interface End {
  readonly served?: Served;
  readonly refusal?: Refusal;
}

/** What is told of inference requests: one span, one log line and the gen_ai metrics of each; never content. */
export class InferenceTelemetry {
  readonly #options: TelemetryOptions;
  readonly #duration;
  readonly #firstToken;
  readonly #tokens;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const { metrics } = options;
    const { operationName, requestModel, tokenType, errorType } = GEN_AI_LABELS;
    this.#duration = metrics.histogram({
      ...GEN_AI_METRICS.requestDuration,
      labels: [operationName, requestModel, errorType],
    });
    this.#firstToken = metrics.histogram({ ...GEN_AI_METRICS.timeToFirstToken, labels: [operationName, requestModel] });
    this.#tokens = metrics.histogram({
      ...GEN_AI_METRICS.tokenUsage,
      labels: [operationName, requestModel, tokenType],
    });
  }

  begin(operation: Operation, requestId: string, headers: Readonly<Record<string, unknown>>): RequestTelemetry {
    const name = OPERATION_NAMES[operation];
    const span = this.#options.tracer.startSpan(
      name,
      {
        kind: SpanKind.SERVER,
        attributes: {
          [GEN_AI.operationName]: name,
          [GEN_AI.providerName]: GEN_AI_PROVIDER,
          [OSTRO.requestId]: requestId,
        },
      },
      extractTrace(headers),
    );
    return new RequestTelemetry(this, name, span, requestId, this.#options.clock.monotonicMs());
  }

  finish(about: RequestTelemetry, end: End): void {
    const { logger, clock } = this.#options;
    const ms = clock.monotonicMs() - about.startedAtMs;
    this.#measure(about, end, ms);
    const line = { ...about.facts, ...outcomeFields(end), ...servedFields(end.served), ms: Math.round(ms) };
    about.run(() => logger.info(line, 'request'));
  }

  #measure(about: RequestTelemetry, { served, refusal = served?.refusal }: End, ms: number) {
    const labels = {
      [GEN_AI_LABELS.operationName]: about.operationName,
      // Names of endpoints only: what clients make up would make new series without end.
      [GEN_AI_LABELS.requestModel]: about.endpointName ?? '',
    };
    this.#duration.observe({ ...labels, [GEN_AI_LABELS.errorType]: refusal?.code ?? '' }, ms / 1_000);
    if (served?.timeToFirstTokenMs !== undefined) this.#firstToken.observe(labels, served.timeToFirstTokenMs / 1_000);
    if (served?.tokens === undefined) return;
    this.#tokens.observe({ ...labels, [GEN_AI_LABELS.tokenType]: 'input' }, Number(served.tokens.inputTokens));
    this.#tokens.observe({ ...labels, [GEN_AI_LABELS.tokenType]: 'output' }, Number(served.tokens.outputTokens));
  }
}

function outcomeFields({ served, refusal = served?.refusal }: End) {
  return {
    status: refusal?.status ?? served?.status,
    outcome: served?.outcome ?? 'not_admitted',
    ...(refusal && { error_code: refusal.code, error_param: knownParam(refusal) }),
  };
}

/** A name that nobody knows was made up by the caller: it may be part of a prompt, and stays out of the log. */
function knownParam({ code, param }: Refusal): string | null {
  return code === 'unknown_parameter' ? null : param;
}

function servedFields(served: Served | undefined) {
  if (served === undefined) return {};
  const { attempts, tokens, timeToFirstTokenMs } = served;
  return {
    attempts: attempts.length,
    replica_id: attempts.at(-1)?.replicaId,
    ...(timeToFirstTokenMs !== undefined && { first_token_ms: Math.round(timeToFirstTokenMs) }),
    ...(tokens && { input_tokens: Number(tokens.inputTokens), output_tokens: Number(tokens.outputTokens) }),
  };
}

/** One request's span and what is known of it so far. */
export class RequestTelemetry {
  readonly #telemetry: InferenceTelemetry;
  readonly #span: Span;
  readonly operationName: string;
  readonly requestId: string;
  readonly startedAtMs: number;
  endpointName: string | undefined;
  facts: Readonly<Record<string, string | boolean>> = {};

  constructor(
    telemetry: InferenceTelemetry,
    operationName: string,
    span: Span,
    requestId: string,
    startedAtMs: number,
  ) {
    this.#telemetry = telemetry;
    this.#span = span;
    this.operationName = operationName;
    this.requestId = requestId;
    this.startedAtMs = startedAtMs;
  }

  /** Headers that carry the trace on. */
  traceHeaders(): Record<string, string> {
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), this.#span), headers);
    return headers;
  }

  caller({ keyId, organizationId, projectId }: KnownKey): void {
    this.facts = { ...this.facts, key_id: keyId, organization_id: organizationId, project_id: projectId };
    this.#span.setAttributes({ [OSTRO.organizationId]: organizationId, [OSTRO.projectId]: projectId });
  }

  admitted({ model, isStream }: InferenceRequest, { route, target, effectiveMax }: Admission): void {
    this.endpointName = model;
    const { endpointId } = route;
    const { deploymentId } = target;
    this.facts = {
      ...this.facts,
      endpoint: model,
      endpoint_id: endpointId,
      deployment_id: deploymentId,
      stream: isStream,
    };
    this.#span.updateName(`${this.operationName} ${model}`);
    this.#span.setAttributes({
      [GEN_AI.requestModel]: model,
      [GEN_AI.requestMaxTokens]: effectiveMax,
      [GEN_AI.requestStream]: isStream,
      [OSTRO.endpointId]: endpointId,
      [OSTRO.deploymentId]: deploymentId,
    });
  }

  finish(end: End): void {
    const { served, refusal = served?.refusal } = end;
    if (served?.tokens !== undefined) {
      this.#span.setAttributes({
        [GEN_AI.usageInputTokens]: Number(served.tokens.inputTokens),
        [GEN_AI.usageOutputTokens]: Number(served.tokens.outputTokens),
      });
    }
    if (refusal !== undefined) {
      this.#span.setAttribute('error.type', refusal.code ?? String(refusal.status));
      // A request that is wrong is not an error of this server.
      if (refusal.status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#telemetry.finish(this, end);
    this.#span.end();
  }

  /** Runs `fn` so that a log line carries the ids. */
  run<T>(fn: () => T): T {
    return context.with(trace.setSpan(context.active(), this.#span), () => withRequestId(this.requestId, fn));
  }
}
