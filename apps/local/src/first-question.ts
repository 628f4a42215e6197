import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import type { ChargeView, Management } from './management.ts';

export interface Answer {
  readonly text: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly requestId: string;
  readonly traceId: string;
}

interface Chunk {
  readonly choices: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

const POLL_MS = 100;
const BILLED_WITHIN_MS = 60_000;
const MAX_TOKENS = 64;

/** Asks over the same HTTP as everybody; hands each piece on as it arrives. */
export async function ask(
  gatewayUrl: string,
  apiKey: string,
  question: { readonly model: string; readonly text: string; readonly traceId: string; readonly spanId: string },
  onText: (text: string) => void,
): Promise<Answer> {
  const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      traceparent: `00-${question.traceId}-${question.spanId}-01`,
    },
    body: JSON.stringify({
      model: question.model,
      messages: [{ role: 'user', content: question.text }],
      max_tokens: MAX_TOKENS,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok || !response.body) {
    throw new DomainError(
      'UNAVAILABLE',
      'FIRST_QUESTION_FAILED',
      `the gateway answered ${response.status}: ${await response.text()}`,
    );
  }
  const { text, usage } = await read(response.body, onText);
  return {
    text,
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    requestId: response.headers.get('x-request-id') ?? '',
    traceId: question.traceId,
  };
}

async function read(body: ReadableStream<Uint8Array>, onText: (text: string) => void) {
  let text = '';
  let usage: Chunk['usage'];
  for await (const chunk of chunks(body)) {
    const piece = chunk.choices[0]?.delta?.content ?? '';
    text += piece;
    if (piece) onText(piece);
    usage = chunk.usage ?? usage;
  }
  if (!usage) throw new DomainError('DATA_LOSS', 'NO_USAGE', 'the answer ended without its usage');
  return { text, usage };
}

async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const part of body) {
    held += decoder.decode(part, { stream: true });
    const events = held.split('\n\n');
    held = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('data: {')) yield parse(event.slice('data: '.length));
    }
  }
}

/** An answer that breaks off says so inside the stream, since its status has left long ago. */
function parse(json: string): Chunk {
  const chunk = JSON.parse(json) as Chunk & { error?: { message: string } };
  if (chunk.error) throw new DomainError('UNAVAILABLE', 'ANSWER_BROKE_OFF', chunk.error.message);
  return chunk;
}

/** The charge of a request: it is there a moment after the answer. */
export async function waitForCharge(api: Management, requestId: string): Promise<ChargeView> {
  for (let waitedMs = 0; waitedMs < BILLED_WITHIN_MS; waitedMs += POLL_MS) {
    const charge = await api.find<ChargeView>(`/v1/charges/${requestId}`);
    if (charge) return charge;
    await delay(POLL_MS);
  }
  throw new DomainError(
    'DEADLINE_EXCEEDED',
    'NOT_BILLED',
    `request ${requestId} was not billed within ${BILLED_WITHIN_MS / 1_000} s; its usage is kept in the gateway's spool`,
  );
}
