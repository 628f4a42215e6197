/** Something that happens at a time; of two at the same time the one scheduled first comes first. */
interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly event: T;
}

/** A binary heap of events by (time, order of scheduling): the order never depends on anything else. */
export class EventHeap<T> {
  readonly #entries: Entry<T>[] = [];
  #scheduled = 0;

  get nextMs(): number {
    return this.#entries[0]?.atMs ?? Infinity;
  }

  push(atMs: number, event: T): void {
    const entries = this.#entries;
    const entry = { atMs, order: this.#scheduled++, event };
    let at = entries.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): T | undefined {
    const [first] = this.#entries;
    const last = this.#entries.pop();
    if (first !== undefined && last !== undefined && first !== last) this.#sink(last);
    return first?.event;
  }

  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child += 1;
      if (!isBefore(entries[child]!, entry)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = entry;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
