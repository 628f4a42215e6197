import type { Refusal } from '../domain/refusal.ts';

/** Something that runs for a key and can be ended before its time. */
export type EndEarly = (why: Refusal) => void;

/** What runs now, by key: a key that leaked ends its streams too. */
export class RunningRequests {
  readonly #byKey = new Map<string, Set<EndEarly>>();
  #count = 0;
  #idle = Promise.withResolvers<void>();

  get count(): number {
    return this.#count;
  }

  /** @returns a function that says it is over. */
  add(keyId: string, endEarly: EndEarly): () => void {
    const running = this.#byKey.get(keyId) ?? new Set();
    this.#byKey.set(keyId, running.add(endEarly));
    if (this.#count++ === 0) this.#idle = Promise.withResolvers();
    return () => {
      if (!running.delete(endEarly)) return;
      if (running.size === 0) this.#byKey.delete(keyId);
      if (--this.#count === 0) this.#idle.resolve();
    };
  }

  endAllOf(keyId: string, why: Refusal): void {
    for (const endEarly of this.#byKey.get(keyId) ?? []) endEarly(why);
  }

  endAll(why: Refusal): void {
    for (const keyId of this.#byKey.keys()) this.endAllOf(keyId, why);
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : this.#idle.promise;
  }
}
