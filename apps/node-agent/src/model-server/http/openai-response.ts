import type { FinishReason, Usage } from '../generation/generator.ts';

export type CompletionKind = 'chat' | 'text';

export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

export function answerHead(kind: CompletionKind, model: string, uuid: string, now: Date): AnswerHead {
  const prefix = kind === 'chat' ? 'chatcmpl' : 'cmpl';
  return { id: `${prefix}-${uuid.replaceAll('-', '')}`, created: Math.floor(now.getTime() / 1000), model };
}

export function toUsage({ promptTokens, cachedTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

/** A whole answer, as OpenAI shapes it. */
export function toAnswer(
  kind: CompletionKind,
  head: AnswerHead,
  answer: { readonly text: string; readonly finishReason: FinishReason; readonly usage: Usage },
) {
  const tail = { logprobs: null, finish_reason: answer.finishReason };
  const choice =
    kind === 'chat'
      ? { index: 0, message: { role: 'assistant', content: answer.text, refusal: null }, ...tail }
      : { index: 0, text: answer.text, ...tail };
  return {
    id: head.id,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created: head.created,
    model: head.model,
    choices: [choice],
    usage: toUsage(answer.usage),
  };
}

/** What one chunk of a stream says: the opening (chat only), more text, the end, or usage alone. */
export type ChunkContent =
  | { readonly kind: 'opening' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'end'; readonly finishReason: FinishReason }
  | { readonly kind: 'usage' };

/** `usage` undefined leaves the field out, null says "asked for, comes last". */
export function toChunk(
  kind: CompletionKind,
  head: AnswerHead,
  content: ChunkContent,
  usage: Usage | null | undefined,
) {
  return {
    id: head.id,
    object: kind === 'chat' ? 'chat.completion.chunk' : 'text_completion',
    created: head.created,
    model: head.model,
    choices: content.kind === 'usage' ? [] : [toChunkChoice(kind, content)],
    ...(usage !== undefined && { usage: usage && toUsage(usage) }),
  };
}

function toChunkChoice(kind: CompletionKind, content: Exclude<ChunkContent, { kind: 'usage' }>) {
  const tail = { logprobs: null, finish_reason: content.kind === 'end' ? content.finishReason : null };
  const text = content.kind === 'text' ? content.text : '';
  if (kind === 'text') return { index: 0, text, ...tail };
  if (content.kind === 'opening') return { index: 0, delta: { role: 'assistant', content: '' }, ...tail };
  return { index: 0, delta: content.kind === 'text' ? { content: text } : {}, ...tail };
}

export function toEmbeddings(
  model: string,
  vectors: readonly (readonly number[])[],
  format: 'float' | 'base64',
  promptTokens: number,
) {
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: format === 'float' ? vector : toBase64(vector),
  }));
  return { object: 'list', data, model, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } };
}

/** Little-endian 32-bit floats, as OpenAI's clients decode them. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}
