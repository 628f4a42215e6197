/** Four bytes a token, escaped, and room for the envelope: more cannot fit the context anyway. */
const BODY_BYTES_PER_CONTEXT_TOKEN = 32;
const BODY_ENVELOPE_BYTES = 1024 * 1024;

/** The largest request body a replica reads. */
export function bodyLimitBytes(contextTokens: number): number {
  return BODY_ENVELOPE_BYTES + contextTokens * BODY_BYTES_PER_CONTEXT_TOKEN;
}
