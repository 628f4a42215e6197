import { DomainError } from '@ostro/kernel';

export interface Slot {
  readonly index: number;
  /** Whose prompts and answers its state holds; undefined when it holds nothing that may be reused. */
  organization: string | undefined;
  processing: boolean;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  lastUsed: number;
}

/** How many tokens of the request's prompt this slot's state would save. */
export type Affinity = (slot: Slot) => number;

interface Waiting {
  readonly organization: string | undefined;
  readonly affinity: Affinity;
  readonly grant: (slot: Slot) => void;
}

/** Hands out slots in the order of asking. Beyond the slots only a short, bounded queue may wait. */
export class SlotPool {
  readonly slots: readonly Slot[];
  readonly #queueLimit: number;
  readonly #waiting: Waiting[] = [];
  #uses = 0;

  constructor(count: number, queueLimit: number) {
    this.#queueLimit = queueLimit;
    this.slots = Array.from({ length: count }, (_, index) => ({
      index,
      organization: undefined,
      processing: false,
      promptTokens: 0,
      cachedTokens: 0,
      completionTokens: 0,
      lastUsed: 0,
    }));
  }

  get running(): number {
    return this.slots.filter((slot) => slot.processing).length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** @throws DomainError RESOURCE_EXHAUSTED (BUSY) when the queue is full, or the signal's reason. */
  async acquire(organization: string | undefined, affinity: Affinity, signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const slot = this.#choose(organization, affinity);
    if (slot) return this.#take(slot);
    if (this.#waiting.length >= this.#queueLimit) {
      const message = `all ${this.slots.length} slots are taken and ${this.#waiting.length} requests wait; try another replica`;
      throw new DomainError('RESOURCE_EXHAUSTED', 'BUSY', message);
    }
    return this.#wait(organization, affinity, signal);
  }

  release(slot: Slot): void {
    slot.processing = false;
    const next = this.#waiting.shift();
    if (!next) return;
    next.grant(this.#take(this.#choose(next.organization, next.affinity) ?? slot));
  }

  #wait(organization: string | undefined, affinity: Affinity, signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      const grant = (slot: Slot): void => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const waiting: Waiting = { organization, affinity, grant };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The slot that saves most work, else an empty one, else the one unused for longest. */
  #choose(organization: string | undefined, affinity: Affinity): Slot | undefined {
    const savingOf = (slot: Slot): number =>
      organization !== undefined && slot.organization === organization ? affinity(slot) : 0;
    const free = this.slots.filter((slot) => !slot.processing).map((slot) => ({ slot, saving: savingOf(slot) }));
    free.sort((a, b) => b.saving - a.saving || held(a.slot) - held(b.slot) || a.slot.lastUsed - b.slot.lastUsed);
    return free[0]?.slot;
  }

  #take(slot: Slot): Slot {
    slot.processing = true;
    slot.promptTokens = 0;
    slot.cachedTokens = 0;
    slot.completionTokens = 0;
    slot.lastUsed = ++this.#uses;
    return slot;
  }
}

function held(slot: Slot): number {
  return slot.organization === undefined ? 0 : 1;
}
