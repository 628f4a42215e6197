import type { usageV1 } from '@ostro/contracts';
import type { Headers } from './agent-answer.ts';

/** The engine's own count of a whole answer, or undefined: billing then goes by the witness. */
export function tokensOf(trailers: Headers): usageV1.TokenCounts | undefined {
  const counts = parsed(trailers['x-ostro-usage']);
  const numbers = [counts?.['inputTokens'], counts?.['cachedInputTokens'] ?? 0, counts?.['outputTokens']];
  if (!numbers.every(isCount)) return undefined;
  const [inputTokens, cachedInputTokens, outputTokens] = numbers.map((count) => BigInt(count));
  return { inputTokens: inputTokens!, cachedInputTokens: cachedInputTokens!, outputTokens: outputTokens! };
}

function parsed(trailer: string | string[] | undefined): Record<string, unknown> | undefined {
  if (typeof trailer !== 'string') return undefined;
  try {
    return JSON.parse(trailer) as Record<string, unknown>;
  } catch {
    // A trailer that cannot be read counts nothing.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
