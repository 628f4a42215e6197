import { readFileSync } from 'node:fs';
import { azureLlm, genai, parseTrace } from '@ostro/traces';

/** One request of a trace; times in ms, `atMs` since the epoch. */
export interface Request {
  readonly atMs: number;
  readonly model: string;
  readonly serviceMs: number;
}

export const FORMATS = ['genai', 'azure'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * The Azure trace says how many tokens, not how long. Assumed: a 70B-class model on an H100, alone, reads 10,000 prompt
 * tokens a second and writes one in 30 ms.
 */
const MS_PER_CONTEXT_TOKEN = 0.1;
const MS_PER_GENERATED_TOKEN = 30;

const readers: Record<Format, (text: string) => Request[]> = {
  genai: (text) =>
    parseTrace(genai, text).flatMap(({ atMs, model, executionSeconds }) =>
      model === undefined || executionSeconds === undefined
        ? []
        : { atMs, model, serviceMs: Math.round(executionSeconds * 1000) },
    ),
  azure: (text) =>
    parseTrace(azureLlm, text).map(({ atMs, contextTokens, generatedTokens }) => {
      const serviceMs = contextTokens * MS_PER_CONTEXT_TOKEN + generatedTokens * MS_PER_GENERATED_TOKEN;
      return { atMs, model: 'code', serviceMs: Math.round(serviceMs) };
    }),
};

/**
 * The requests of a trace that ran, in order of arrival; those of one instant stay in the order of the file.
 * @throws DomainError naming line and column of what cannot be read, Error when nothing ran.
 */
export function readRequests(file: string, format: Format): readonly Request[] {
  const requests = readers[format](readFileSync(file, 'utf8'));
  if (requests.length === 0) throw new Error(`${file} holds no request that ran`);
  return requests.sort((one, other) => one.atMs - other.atMs);
}
