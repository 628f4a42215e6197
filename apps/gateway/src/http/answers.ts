import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from '../domain/refusal.ts';
import { BodyTooLarge } from './read-body.ts';

/** How long a client may take to notice that we read no more of its body. */
const LINGER_MS = 2_000;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}

export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (refusal.retryAfterSeconds !== undefined) response.setHeader('retry-after', refusal.retryAfterSeconds);
  if (refusal instanceof BodyTooLarge) sendAndLinger(request, response, refusal);
  else sendJson(response, refusal.status, refusal.toEnvelope());
}

/**
 * A client that still sends must get to read the answer: closing now would reset the connection under it. Nothing more
 * is read; the client sees the answer and closes, or is cut off.
 */
function sendAndLinger(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const bytes = Buffer.from(JSON.stringify(refusal.toEnvelope()));
  request.pause();
  response.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    connection: 'close',
  });
  response.write(bytes);
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  response.once('close', () => clearTimeout(timer));
}

/** Breaks off an answer that has begun: as an event where the client reads events, else by cutting the connection. */
export function breakOff(response: ServerResponse, refusal: Refusal): void {
  const isEventStream = String(response.getHeader('content-type')).startsWith('text/event-stream');
  if (!isEventStream) {
    response.destroy();
    return;
  }
  // The agent may have been cut off within a line: empty lines end what was begun.
  response.end(`\n\nevent: error\ndata: ${JSON.stringify(refusal.toEnvelope())}\n\n`);
}
