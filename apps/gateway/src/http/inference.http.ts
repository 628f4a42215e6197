import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KnownKey } from '../domain/authenticate.ts';
import { readRequest } from '../domain/inference-request.ts';
import type { Operation } from '../domain/parameters.ts';
import { isRefusal, type Refusal } from '../domain/refusal.ts';
import type { AdmissionService } from '../proxy/admission.service.ts';
import type { InferenceService } from '../proxy/inference.service.ts';
import { breakOff, sendRefusal } from './answers.ts';
import type { Callers } from './caller.ts';
import { readJson } from './read-body.ts';
import type { InferenceTelemetry, RequestTelemetry } from './request-telemetry.ts';

/** /v1/chat/completions, /v1/completions and /v1/embeddings. */
export class InferenceHttp {
  readonly #callers: Callers;
  readonly #admission: AdmissionService;
  readonly #inference: InferenceService;
  readonly #telemetry: InferenceTelemetry;

  constructor(
    callers: Callers,
    admission: AdmissionService,
    inference: InferenceService,
    telemetry: InferenceTelemetry,
  ) {
    this.#callers = callers;
    this.#admission = admission;
    this.#inference = inference;
    this.#telemetry = telemetry;
  }

  async handle(operation: Operation, requestId: string, request: IncomingMessage, response: ServerResponse) {
    const telemetry = this.#telemetry.begin(operation, requestId, request.headers);
    const prepared = await this.#prepare(operation, request, telemetry);
    if (isRefusal(prepared)) {
      sendRefusal(request, response, prepared);
      telemetry.finish({ refusal: prepared });
      return;
    }
    const { arrivedAtMs, traceHeaders } = {
      arrivedAtMs: telemetry.startedAtMs,
      traceHeaders: telemetry.traceHeaders(),
    };
    const served = await this.#inference.serve({ ...prepared, requestId, arrivedAtMs, traceHeaders }, response);
    if (served.refusal === undefined) response.end();
    else if (response.headersSent) breakOff(response, served.refusal);
    else if (!response.destroyed) sendRefusal(request, response, served.refusal);
    telemetry.finish({ served });
  }

  async #prepare(operation: Operation, request: IncomingMessage, telemetry: RequestTelemetry) {
    const key = this.#callers.identify(request);
    if (isRefusal(key)) return key;
    telemetry.caller(key);
    const body = await readJson(request);
    if (isRefusal(body)) return body;
    return this.#admit(operation, body.value, key, telemetry);
  }

  #admit(operation: Operation, body: unknown, key: KnownKey, telemetry: RequestTelemetry): Prepared | Refusal {
    const request = readRequest(operation, body);
    if (isRefusal(request)) return request;
    const admission = this.#admission.admit(request, key);
    if (isRefusal(admission)) return admission;
    telemetry.admitted(request, admission);
    return { key, request, admission };
  }
}

type Prepared = Pick<Parameters<InferenceService['serve']>[0], 'key' | 'request' | 'admission'>;
