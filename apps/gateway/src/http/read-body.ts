import type { IncomingMessage } from 'node:http';
import { badRequest, Refusal } from '../domain/refusal.ts';

export const MOST_BODY_BYTES = 4 * 1_024 * 1_024;

/** Bytes that are no UTF-8 are refused: replacing them would send another prompt than the client wrote. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The body is not read to its end; the connection cannot be used again. */
export class BodyTooLarge extends Refusal {
  constructor() {
    super({
      status: 413,
      type: 'invalid_request_error',
      code: 'request_too_large',
      message: `The body is larger than ${MOST_BODY_BYTES} bytes, the most this gateway takes. Send a shorter prompt.`,
    });
  }
}

/** The body as JSON. A body that announces or shows itself to be too large is not read on. */
export async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | Refusal> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > MOST_BODY_BYTES) return new BodyTooLarge();
  const bytes = await readBytes(request);
  if (bytes === undefined) return new BodyTooLarge();
  try {
    return { value: JSON.parse(UTF8.decode(bytes)) as unknown };
  } catch {
    // What the parser says quotes the body, which is a prompt.
    return badRequest(
      null,
      'We could not parse the JSON body of your request. Send valid JSON in UTF-8 with Content-Type: application/json.',
    );
  }
}

/** Undefined when it is too large. @throws Error when the client leaves before its end. */
function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let length = 0;
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MOST_BODY_BYTES) {
      chunks.push(chunk);
      return;
    }
    request.off('data', onData).pause();
    resolve(undefined);
  };
  request.on('data', onData).once('end', () => resolve(Buffer.concat(chunks)));
  request.once('error', reject).once('close', () => reject(new Error('the client left before the end of its body')));
  return promise;
}
