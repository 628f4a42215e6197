import { Agent, type IncomingMessage, request } from 'node:http';

export interface UpstreamRequest {
  readonly socketPath: string;
  readonly path: string;
  readonly body: Buffer;
  /** Whose prefixes may be reused: known to nobody but this node. */
  readonly isolationKey: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Half of what a model server keeps a silent connection for, so that it never closes one that is being used. */
const IDLE_MS = 30_000;
const MOST_IDLE = 32;

/** The way to the model servers of this node. */
export class Upstream {
  readonly #connections = new Agent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: MOST_IDLE });

  /**
   * Resolves with the head of the answer. Aborting the signal closes the connection, which is how an engine learns that
   * nobody waits any more.
   */
  ask(asked: UpstreamRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = request({
        socketPath: asked.socketPath,
        path: asked.path,
        method: 'POST',
        agent: this.#connections,
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

  close(): void {
    this.#connections.destroy();
  }
}
