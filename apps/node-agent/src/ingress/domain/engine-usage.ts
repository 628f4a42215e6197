import { isObject } from './client-wish.ts';

/** The engine's own count. */
export interface EngineUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
}

/** From `usage` as OpenAI shapes it; undefined when there is none. */
export function usageOf(answer: Readonly<Record<string, unknown>>): EngineUsage | undefined {
  const usage = answer['usage'];
  if (!isObject(usage)) return undefined;
  const details = usage['prompt_tokens_details'];
  return {
    inputTokens: count(usage['prompt_tokens']),
    cachedInputTokens: count(isObject(details) ? details['cached_tokens'] : undefined),
    outputTokens: count(usage['completion_tokens']),
  };
}

export function finishReasonOf(answer: Readonly<Record<string, unknown>>): string | undefined {
  const choices = answer['choices'];
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const reason = isObject(first) ? first['finish_reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
}
