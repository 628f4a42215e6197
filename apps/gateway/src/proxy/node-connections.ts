import { expectPeer, mutualTls, type TlsIdentity } from '@ostro/pki';
import { Pool } from 'undici';
import type { Replica } from '../domain/route.ts';

export interface NodeConnectionsOptions {
  readonly identity: TlsIdentity;
  /** An answer that is silent for longer is given up, before its head and between its bytes. */
  readonly idleMs: number;
}

const CONNECT_MS = 2_000;
const KEEP_ALIVE_MS = 60_000;

/** Kept-alive mTLS connections to node agents. Whoever answers at an address must be the node the route names. */
export class NodeConnections {
  readonly #options: NodeConnectionsOptions;
  readonly #pools = new Map<string, Pool>();

  constructor(options: NodeConnectionsOptions) {
    this.#options = options;
  }

  poolOf({ nodeId, address }: Replica): Pool {
    const name = `${nodeId}@${address}`;
    const pool = this.#pools.get(name) ?? this.#open(nodeId, address!);
    this.#pools.set(name, pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #open(nodeId: string, address: string): Pool {
    const { identity, idleMs } = this.#options;
    return new Pool(`https://${address}`, {
      connect: {
        ...mutualTls(identity),
        checkServerIdentity: expectPeer({ kind: 'node', name: nodeId }),
        timeout: CONNECT_MS,
      },
      allowH2: false,
      // One request a connection: a cancelled one is cancelled by closing its connection.
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
    });
  }
}
