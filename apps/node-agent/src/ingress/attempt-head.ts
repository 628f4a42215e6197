import type { IncomingHttpHeaders } from 'node:http';
import { usageV1 } from '@ostro/contracts';
import { isId } from '@ostro/kernel';

/** What a gateway says about an attempt, beside the client's body. */
export interface AttemptHead {
  readonly requestId: string;
  readonly attempt: number;
  readonly admittedAtMs: number;
  readonly gatewayIncarnation: string;
  readonly begun: usageV1.UsageBegun;
  readonly traceparent: string;
}

const ATTEMPT = /^[1-9]\d{0,3}$/;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Undefined when a header is missing, malformed or contradicts another. */
export function parseAttemptHead(headers: IncomingHttpHeaders): AttemptHead | undefined {
  const text = (name: string): string => {
    const value = headers[name];
    return typeof value === 'string' ? value : '';
  };
  const requestId = text('x-ostro-request-id');
  const attempt = text('x-ostro-attempt');
  const admittedAt = text('x-ostro-admitted-at');
  const gatewayIncarnation = text('x-ostro-gateway-incarnation');
  const begun = parseBegun(text('x-ostro-usage-begun'));
  if (!isId('req', requestId) || !isId('inc', gatewayIncarnation) || !ATTEMPT.test(attempt)) return undefined;
  if (!STAMP.test(admittedAt) || begun?.requestId !== requestId || begun.organizationId === '') return undefined;
  return {
    requestId,
    attempt: Number(attempt),
    admittedAtMs: Date.parse(admittedAt),
    gatewayIncarnation,
    begun,
    traceparent: text('traceparent'),
  };
}

function parseBegun(text: string): usageV1.UsageBegun | undefined {
  try {
    return usageV1.UsageBegun.decode(Buffer.from(text, 'base64url'));
  } catch {
    return undefined;
  }
}
