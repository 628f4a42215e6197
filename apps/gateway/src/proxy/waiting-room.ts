/** Bounds of what waits for a replica: bodies are held in memory meanwhile. */
export interface WaitingRoomLimits {
  readonly mostBytes: number;
  readonly mostRequests: number;
}

interface Waiting {
  readonly deploymentId: string;
  readonly wake: () => void;
}

/** Another gateway's requests may leave a replica too, and nobody tells us: look again this often. */
const LOOK_AGAIN_MS = 100;

/** Requests for replicas that are all busy, first come first served within a deployment. */
export class WaitingRoom {
  readonly #limits: WaitingRoomLimits;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(limits: WaitingRoomLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns false when the room is full: the request is refused instead. */
  hasRoom(bytes: number): boolean {
    const { mostBytes, mostRequests } = this.#limits;
    return this.#waiting.length < mostRequests && this.#bytes + bytes <= mostBytes;
  }

  /** Resolves when it is worth trying again, or the signal aborts. */
  async wait(deploymentId: string, bytes: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const waiting = { deploymentId, wake };
    this.#waiting.push(waiting);
    this.#bytes += bytes;
    const timer = setTimeout(wake, LOOK_AGAIN_MS);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#bytes -= bytes;
    }
  }

  /** A place became free at a deployment: the one who waits longest tries first. */
  placeFreed(deploymentId: string): void {
    this.#waiting.find((waiting) => waiting.deploymentId === deploymentId)?.wake();
  }
}
