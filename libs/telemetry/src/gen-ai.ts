/**
 * Every name of OpenTelemetry's conventions for generative AI that Ostro uses. They are still marked Development:
 * when one changes, it changes here.
 */

/** Attributes of spans. Content attributes (`gen_ai.input.messages` and the like) are left out on purpose. */
export const GEN_AI = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestTemperature: 'gen_ai.request.temperature',
  requestTopP: 'gen_ai.request.top_p',
  requestSeed: 'gen_ai.request.seed',
  requestStream: 'gen_ai.request.stream',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  responseFinishReasons: 'gen_ai.response.finish_reasons',
  usageInputTokens: 'gen_ai.usage.input_tokens',
  usageCachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  usageOutputTokens: 'gen_ai.usage.output_tokens',
  tokenType: 'gen_ai.token.type',
} as const;

export const GEN_AI_PROVIDER = 'ostro';

/** Values of `gen_ai.operation.name`. */
export const GEN_AI_OPERATION = { chat: 'chat', completion: 'text_completion', embeddings: 'embeddings' } as const;

/** Ostro's own facts on spans; ids only. */
export const OSTRO = {
  organizationId: 'ostro.organization.id',
  projectId: 'ostro.project.id',
  requestId: 'ostro.request.id',
  attempt: 'ostro.request.attempt',
  endpointId: 'ostro.endpoint.id',
  deploymentId: 'ostro.deployment.id',
  replicaId: 'ostro.replica.id',
  nodeId: 'ostro.node.id',
  cellId: 'ostro.cell.id',
} as const;

/** A metric as Prometheus spells it, with the buckets the conventions advise. */
interface GenAiMetric {
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
}

const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

export const GEN_AI_METRICS = {
  /** `gen_ai.client.token.usage` */
  tokenUsage: {
    name: 'gen_ai_client_token_usage_tokens',
    help: 'Input and output tokens of one request.',
    buckets: TOKENS,
  },
  /** `gen_ai.server.request.duration` */
  requestDuration: {
    name: 'gen_ai_server_request_duration_seconds',
    help: 'Time from the request to the last byte of its answer.',
    buckets: SECONDS,
  },
  /** `gen_ai.server.time_to_first_token` */
  timeToFirstToken: {
    name: 'gen_ai_server_time_to_first_token_seconds',
    help: 'Time from the request to the first token.',
    buckets: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  },
  /** `gen_ai.server.time_per_output_token` */
  timePerOutputToken: {
    name: 'gen_ai_server_time_per_output_token_seconds',
    help: 'Mean time between output tokens after the first.',
    buckets: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  },
} as const satisfies Record<string, GenAiMetric>;

/** Labels of those metrics: few values each, so that a scrape stays small. */
export const GEN_AI_LABELS = {
  operationName: 'gen_ai_operation_name',
  requestModel: 'gen_ai_request_model',
  tokenType: 'gen_ai_token_type',
  errorType: 'error_type',
} as const;
