import { type IncomingMessage, request } from 'node:http';

export interface UpstreamRequest {
  readonly socketPath: string;
  readonly path: string;
  readonly body: Buffer;
  /** Whose prefixes may be reused: known to nobody but this node. */
  readonly isolationKey: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Asks a model server and resolves with the head of its answer. Each request has a connection of its own: aborting the
 * signal closes it, which is how an engine learns that nobody waits any more.
 */
export function askModelServer(asked: UpstreamRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: asked.socketPath,
      path: asked.path,
      method: 'POST',
      agent: false,
      signal: asked.signal,
      headers: {
        ...asked.headers,
        host: 'model-server',
        'content-type': 'application/json',
        'content-length': asked.body.length,
        'x-ostro-organization': asked.isolationKey,
      },
    });
    call.once('response', resolve);
    call.once('error', reject);
    call.end(asked.body);
  });
}
