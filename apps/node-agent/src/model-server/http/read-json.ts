import type { IncomingMessage } from 'node:http';
import { DomainError } from '@ostro/kernel';
import { refuse } from './fields.ts';

/** The body as JSON, held in memory up to a limit. Errors never quote it: it is a prompt. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  // Not destroyed on return: a refusal still needs the connection to be told.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limitBytes) {
      const message = `The request body is larger than ${limitBytes} bytes; shorten the prompt.`;
      throw new DomainError('OUT_OF_RANGE', 'BODY_TOO_LARGE', message, { details: { param: 'body' } });
    }
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts, size).toString('utf8'));
  } catch {
    throw refuse('body', 'is not valid JSON', 'INVALID_JSON');
  }
}
