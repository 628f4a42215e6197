const WINDOW_MS = 60_000;
const KEPT = 512;

/** The values of the last minute, the newest 512 at most: what a gateway reports as a signal. */
export class Recent {
  #values: { readonly atMs: number; readonly value: number }[] = [];

  add(value: number, atMs: number): void {
    this.#values.push({ atMs, value });
    if (this.#values.length >= 2 * KEPT) this.#values = this.#values.slice(-KEPT);
  }

  /** 0 while there is none: nobody is slow. */
  percentile(milli: number, nowMs: number): number {
    this.#values = this.#values.slice(-KEPT).filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    const sorted = this.#values.map(({ value }) => value).sort((a, b) => a - b);
    return sorted.length === 0 ? 0 : sorted[Math.ceil((sorted.length * milli) / 1000) - 1]!;
  }
}
