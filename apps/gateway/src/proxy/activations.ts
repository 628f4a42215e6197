import { setTimeout as delay } from 'node:timers/promises';
import type { schedulingV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import type { Clock } from '@ostro/kernel';
import type { WaitingRoom } from './waiting-room.ts';

export interface ActivationsOptions {
  readonly scheduler: Pick<GrpcClient<schedulingV1.ActivationServiceService>, 'activate'>;
  readonly room: Pick<WaitingRoom, 'waitingFor' | 'oldestWaitMs'>;
  readonly clock: Clock;
  /** Who holds the requests: this process. */
  readonly holder: string;
  /** The route of a deployment of which a replica serves now; the topic may bring it later. */
  readonly onRoute: (record: schedulingV1.RouteRecord) => void;
  readonly onError: (deploymentId: string, error: unknown) => void;
}

/** Said again so often, so that the number that waits is never older. */
const RENEW_MS = 1_000;
/** What a gateway that dies has held counts this much longer. */
const LEASE_MS = 5_000;
/** A request that a busy agent sends back waits on; that is no reason to say that nothing does. */
const SETTLE_MS = 50;
const STOP_MS = 1_000;

interface Waking {
  readonly done: Promise<void>;
  /** Nothing waits any more. */
  readonly over: AbortController;
  etaMs: number | undefined;
}

/**
 * Tells the scheduler what waits for deployments of which more replicas can be had, for as long as it does: the one call
 * to a control service that a request may wait for. A scheduler that is away costs nothing that is ready.
 */
export class Activations {
  readonly #options: ActivationsOptions;
  readonly #wakings = new Map<string, Waking>();

  constructor(options: ActivationsOptions) {
    this.#options = options;
  }

  /** How much waits for such a deployment has changed. */
  changed(deploymentId: string): void {
    const { room } = this.#options;
    const waking = this.#wakings.get(deploymentId);
    if (room.waitingFor(deploymentId) > 0) {
      if (waking === undefined || waking.over.signal.aborted) this.#start(deploymentId);
      return;
    }
    const endUnlessBack = () => {
      if (room.waitingFor(deploymentId) === 0) waking?.over.abort();
    };
    setTimeout(endUnlessBack, SETTLE_MS).unref();
  }

  /** Expected time until a replica serves; undefined: not known. */
  etaMs(deploymentId: string): number | undefined {
    return this.#wakings.get(deploymentId)?.etaMs;
  }

  async stop(): Promise<void> {
    const wakings = [...this.#wakings.values()];
    for (const { over } of wakings) over.abort();
    await Promise.all(wakings.map(({ done }) => done));
  }

  #start(deploymentId: string): void {
    const over = new AbortController();
    const before = this.#wakings.get(deploymentId)?.done ?? Promise.resolve();
    const waking: Waking = { over, etaMs: undefined, done: before.then(() => this.#run(deploymentId, waking)) };
    this.#wakings.set(deploymentId, waking);
  }

  async #run(deploymentId: string, waking: Waking): Promise<void> {
    const { signal } = waking.over;
    while (!signal.aborted) {
      const renew = AbortSignal.any([signal, AbortSignal.timeout(RENEW_MS)]);
      await this.#ask(deploymentId, waking, renew);
      await delay(RENEW_MS, undefined, { signal: renew }).catch(() => undefined);
    }
    await this.#ask(deploymentId, waking, AbortSignal.timeout(STOP_MS));
    if (this.#wakings.get(deploymentId) === waking) this.#wakings.delete(deploymentId);
  }

  async #ask(deploymentId: string, waking: Waking, signal: AbortSignal): Promise<void> {
    const { scheduler, room, clock, holder, onRoute, onError } = this.#options;
    const request = {
      deploymentId,
      holder,
      waitingRequests: waking.over.signal.aborted ? 0 : room.waitingFor(deploymentId),
      oldestWaitMs: room.oldestWaitMs(deploymentId),
      until: new Date(clock.now().getTime() + LEASE_MS),
    };
    try {
      for await (const { etaMs, route } of scheduler.activate(request, { signal })) {
        waking.etaMs = etaMs;
        if (route !== undefined) onRoute(route);
      }
    } catch (error) {
      if (!signal.aborted) onError(deploymentId, error);
    }
  }
}
