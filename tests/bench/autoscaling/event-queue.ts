/** Events by time; those of one instant in the order they were added. A binary heap. */
export class EventQueue<T> {
  private readonly heap: { atMs: number; order: number; event: T }[] = [];
  private added = 0;

  push(atMs: number, event: T): void {
    const entry = { atMs, order: (this.added += 1), event };
    let at = this.heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, this.heap[parent]!)) break;
      this.heap[at] = this.heap[parent]!;
      at = parent;
    }
    this.heap[at] = entry;
  }

  pop(): { atMs: number; event: T } | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (first === undefined || last === undefined || this.heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      const right = this.heap[child + 1];
      if (right !== undefined && isBefore(right, this.heap[child]!)) child += 1;
      if (!isBefore(this.heap[child]!, last)) break;
      this.heap[at] = this.heap[child]!;
      at = child;
    }
    this.heap[at] = last;
    return first;
  }
}

interface Ordered {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(one: Ordered, other: Ordered): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
