import type { InferenceRequest } from './inference-request.ts';
import { pickTarget } from './pick-target.ts';
import { badRequest, type Refusal, unavailable } from './refusal.ts';
import type { Route, Target } from './route.ts';

/** Output tokens when neither the request nor the deployment says. */
const DEFAULT_MAX_OUTPUT_TOKENS = 4_096;
/** What a chat template adds, at most: around each message and once. */
const TEMPLATE_BYTES_PER_MESSAGE = 64;
const TEMPLATE_BYTES = 256;
const COLD_RETRY_SECONDS = 10;

/** A request that may be dispatched: where to, and the most it can use. */
export interface Admitted {
  readonly target: Target;
  /** Bound of its prompt in tokens: a token is at least one byte. */
  readonly promptBound: bigint;
  /** Output tokens it may produce; 0 for embeddings. */
  readonly effectiveMax: number;
  /** The body for the agent. */
  readonly body: string;
}

/** @param ticket in [0, 1): the caller's chance, for endpoints with several deployments. */
export function admit(request: InferenceRequest, route: Route, ticket: number): Admitted | Refusal {
  // What is cold and may be woken is worth a wait; what serves comes first.
  const target = pickTarget(route.targets, ticket) ?? route.targets.find(({ isScalable }) => isScalable);
  if (target === undefined) return cold(route);
  const mismatch = refuseOtherKind(request, target);
  if (mismatch !== undefined) return mismatch;
  const effectiveMax = request.operation === 'embedding' ? 0 : effectiveMaxOf(request.askedMaxTokens, target);
  const limit = request.operation === 'embedding' ? {} : { max_tokens: effectiveMax };
  const body = JSON.stringify({ ...request.forwarded, ...limit });
  return { target, promptBound: promptBoundOf(request, body, target), effectiveMax, body };
}

/** What the client asked for within what the deployment allows; always written into the upstream request. */
export function effectiveMaxOf(asked: number | undefined, target: Target): number {
  const wanted = asked ?? (target.defaultMaxOutputTokens || DEFAULT_MAX_OUTPUT_TOKENS);
  return Math.min(wanted, target.maxOutputTokens || Infinity, target.contextTokens || Infinity);
}

/** Every byte of the body may be a token, but none beyond the context of each sequence. */
function promptBoundOf({ forwarded }: InferenceRequest, body: string, { contextTokens }: Target): bigint {
  const messages = Array.isArray(forwarded['messages']) ? forwarded['messages'].length : 0;
  const sequences = Array.isArray(forwarded['input']) ? forwarded['input'].length : 1;
  const bytes = byteLength(body) + messages * TEMPLATE_BYTES_PER_MESSAGE + TEMPLATE_BYTES;
  return BigInt(Math.min(bytes, contextTokens * sequences || bytes));
}

/** UTF-8 bytes, without a buffer of that size. */
function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A surrogate pair is four bytes for its two units.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function refuseOtherKind({ operation, model }: InferenceRequest, target: Target): Refusal | undefined {
  if ((operation === 'embedding') === target.isEmbedding) return undefined;
  const message = target.isEmbedding
    ? `The model '${model}' makes embeddings and writes no text: call /v1/embeddings.`
    : `The model '${model}' writes text and makes no embeddings: deploy a model with embeddings enabled and name it here.`;
  return badRequest('unsupported_model', message, 'model');
}

function cold(route: Route): Refusal {
  const reasons = { node_lost: 'its node was lost', intended: 'no replica is ready', unknown: 'no replica is ready' };
  return unavailable(
    'model_not_ready',
    `The model '${route.name}' is not ready: ${reasons[route.cause]}. Try again shortly, or look at its deployment.`,
    COLD_RETRY_SECONDS,
  );
}
