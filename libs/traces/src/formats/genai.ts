import type { Fields } from '../fields.ts';
import type { RequestFormat } from '../request-format.ts';

/** One image generation of a serverless platform (alibaba/clusterdata, cluster-trace-v2026-GenAI). */
export interface GenaiRequest {
  /** Milliseconds since 1970; the trace has whole seconds. */
  readonly atMs: number;
  /** As recorded: SUCCEED, FAILED, PENDING. */
  readonly status: string;
  /** Undefined where it never ran. */
  readonly executionSeconds: number | undefined;
  readonly groupId: string | undefined;
  /** The base model; undefined where the request was not given one. */
  readonly model: string | undefined;
  readonly promptLength: number | undefined;
  readonly images: number | undefined;
  readonly steps: number | undefined;
  readonly loras: number | undefined;
}

const A_DAY_SECONDS = { max: 86_400 };
const COUNT = { max: 1_000_000 };

export const genai: RequestFormat<GenaiRequest> = {
  name: 'genai',
  title: 'serverless image generation (GenAI 2026)',
  notation: 'csv',
  columns: ['gmt_create', 'predict_status', 'exec_time_seconds', 'checkpoint_model_version_id'],
  row: (fields) => ({
    atMs: fields.time('gmt_create'),
    status: fields.text('predict_status'),
    executionSeconds: fields.optional('exec_time_seconds', (column) => fields.decimal(column, A_DAY_SECONDS)),
    groupId: fields.optional('groupId', (column) => fields.text(column)),
    model: fields.optional('checkpoint_model_version_id', (column) => fields.text(column)),
    promptLength: count(fields, 'prompt_length'),
    images: count(fields, 'num_images_per_prompt'),
    steps: count(fields, 'num_inference_steps'),
    loras: count(fields, 'num_lora'),
  }),
  timeColumn: 'gmt_create',
  atMs: ({ atMs }) => atMs,
  request: ({ model, executionSeconds }) =>
    model === undefined || executionSeconds === undefined
      ? undefined
      : { model, inputTokens: 0, outputTokens: 0, executionMs: Math.round(executionSeconds * 1_000) },
};

function count(fields: Fields, column: string): number | undefined {
  return fields.optional(column, () => fields.whole(column, COUNT));
}
