import type { Clock } from '@ostro/kernel';

/** Bounds of what waits for a replica: bodies are held in memory meanwhile. */
export interface WaitingRoomLimits {
  readonly mostBytes: number;
  readonly mostRequests: number;
}

/** One request's place in the room. */
interface Place {
  readonly deploymentId: string;
  readonly bytes: number;
  readonly sinceMs: number;
  /** It has come in or gone out. */
  readonly onMoved: () => void;
  /** Absent while it tries. */
  wake: (() => void) | undefined;
}

/** Another gateway's requests may leave a replica too, and nobody tells us: look again this often. */
const LOOK_AGAIN_MS = 100;

/** Requests for which no replica is free, first come first served within a deployment. */
export class WaitingRoom {
  readonly #limits: WaitingRoomLimits;
  readonly #clock: Clock;
  readonly #places = new Map<string, Set<Place>>();
  #size = 0;
  #bytes = 0;

  constructor(limits: WaitingRoomLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** A request that may come to wait, from now on as far as its turn and its wait are concerned. */
  visitor(deploymentId: string, bytes: number, onMoved: () => void): Visitor {
    const place: Place = { deploymentId, bytes, sinceMs: this.#clock.monotonicMs(), onMoved, wake: undefined };
    return new Visitor(place, {
      enter: () => this.#enter(place),
      leave: () => this.#leave(place),
    });
  }

  waitingFor(deploymentId: string): number {
    return this.#places.get(deploymentId)?.size ?? 0;
  }

  oldestWaitMs(deploymentId: string): number {
    const now = this.#clock.monotonicMs();
    const oldest = [...(this.#places.get(deploymentId) ?? [])].reduce(
      (least, { sinceMs }) => Math.min(least, sinceMs),
      now,
    );
    return Math.round(now - oldest);
  }

  /** A place became free at a deployment: the one who waits longest tries first. */
  placeFreed(deploymentId: string): void {
    const asleep = [...(this.#places.get(deploymentId) ?? [])].filter(({ wake }) => wake !== undefined);
    const [first] = asleep.sort((a, b) => a.sinceMs - b.sinceMs);
    first?.wake?.();
  }

  #enter(place: Place): boolean {
    const { deploymentId, bytes } = place;
    const places = this.#places.get(deploymentId) ?? new Set();
    if (places.has(place)) return true;
    const { mostBytes, mostRequests } = this.#limits;
    if (this.#size >= mostRequests || this.#bytes + bytes > mostBytes) return false;
    this.#places.set(deploymentId, places.add(place));
    this.#size += 1;
    this.#bytes += bytes;
    place.onMoved();
    return true;
  }

  #leave(place: Place): void {
    const { deploymentId, bytes } = place;
    const places = this.#places.get(deploymentId);
    if (!places?.delete(place)) return;
    if (places.size === 0) this.#places.delete(deploymentId);
    this.#size -= 1;
    this.#bytes -= bytes;
    place.onMoved();
  }
}

/** A request on its way in and out of the room: out whenever it is with a replica. */
export class Visitor {
  readonly #place: Place;
  readonly #door: { readonly enter: () => boolean; readonly leave: () => void };

  constructor(place: Place, door: { readonly enter: () => boolean; readonly leave: () => void }) {
    this.#place = place;
    this.#door = door;
  }

  /** @returns false when the room is full: the request is refused instead. */
  enter(): boolean {
    return this.#door.enter();
  }

  leave(): void {
    this.#door.leave();
  }

  /** Resolves when it is worth trying again, or the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#place.wake = wake;
    const timer = setTimeout(wake, LOOK_AGAIN_MS);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#place.wake = undefined;
    }
  }
}
