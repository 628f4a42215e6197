import { MAX_TOKENS, type RequestFormat } from '../request-format.ts';

/** One request of a production LLM service (Azure/AzurePublicDataset, Splitwise, ISCA 2024). */
export interface AzureLlmRequest {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly contextTokens: number;
  readonly generatedTokens: number;
}

export const azureLlm: RequestFormat<AzureLlmRequest> = {
  name: 'azure',
  title: 'LLM requests (Azure 2023 and 2024)',
  notation: 'csv',
  columns: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
  row: (fields) => ({
    atMs: fields.time('TIMESTAMP'),
    contextTokens: fields.whole('ContextTokens', MAX_TOKENS),
    generatedTokens: fields.whole('GeneratedTokens', MAX_TOKENS),
  }),
  timeColumn: 'TIMESTAMP',
  atMs: ({ atMs }) => atMs,
  request: ({ contextTokens, generatedTokens }) => ({
    model: 'azure-llm',
    inputTokens: contextTokens,
    outputTokens: generatedTokens,
  }),
};
