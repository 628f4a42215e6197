import { usageV1 } from '@ostro/contracts';
import type { Operation } from '../domain/parameters.ts';
import type { Replica } from '../domain/route.ts';

const PATHS: Readonly<Record<Operation, string>> = {
  chat: '/v1/chat/completions',
  completion: '/v1/completions',
  embedding: '/v1/embeddings',
};

/** What is the same in every attempt of one request. */
export interface AgentRequest {
  readonly operation: Operation;
  readonly body: string;
  readonly requestId: string;
  readonly incarnation: string;
  readonly begun: string;
  readonly traceHeaders: Readonly<Record<string, string>>;
}

export function encodeBegun(begun: usageV1.UsageBegun): string {
  return Buffer.from(usageV1.UsageBegun.encode(begun).finish()).toString('base64url');
}

/** One dispatch, stamped now: agents refuse a stamp older than 30 s. */
export function toDispatch(request: AgentRequest, replica: Replica, attempt: number, now: Date) {
  return {
    method: 'POST' as const,
    path: `/replicas/${encodeURIComponent(replica.replicaId)}${PATHS[request.operation]}`,
    body: request.body,
    headers: {
      'content-type': 'application/json',
      'x-ostro-request-id': request.requestId,
      'x-ostro-attempt': String(attempt),
      'x-ostro-admitted-at': now.toISOString(),
      'x-ostro-gateway-incarnation': request.incarnation,
      'x-ostro-usage-begun': request.begun,
      ...request.traceHeaders,
    },
  };
}
