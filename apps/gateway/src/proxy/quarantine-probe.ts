import { setTimeout as delay } from 'node:timers/promises';
import type { Replica } from '../domain/route.ts';
import type { RouteTable } from '../views/route-table.ts';
import type { NodeConnections } from './node-connections.ts';

export interface QuarantineProbeOptions {
  readonly routes: Pick<RouteTable, 'quarantinedReplicas' | 'drop'>;
  readonly connections: Pick<NodeConnections, 'poolOf'>;
}

const EVERY_MS = 2_000;
const ANSWER_MS = 2_000;

/** Asks the agents of replicas that only the guard keeps whether they are there; those that are not are dropped. */
export class QuarantineProbe {
  readonly #options: QuarantineProbeOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: QuarantineProbeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await Promise.all(this.#options.routes.quarantinedReplicas.map((replica) => this.#probe(replica)));
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Any answer of the right node will do: an agent knows no such path. */
  async #probe(replica: Replica): Promise<void> {
    const { routes, connections } = this.#options;
    try {
      if (replica.address === undefined) return;
      const { body } = await connections.poolOf(replica).request({
        method: 'GET',
        path: '/',
        headersTimeout: ANSWER_MS,
        signal: this.#stopping.signal,
      });
      await body.dump();
    } catch {
      // Not there, which is the answer that was looked for.
      if (!this.#stopping.signal.aborted) routes.drop(replica.replicaId);
    }
  }
}
