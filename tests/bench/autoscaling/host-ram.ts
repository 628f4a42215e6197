/** Models whose weights are held in host RAM: a start from there takes `reloadMs`, one from nothing `loadMs`. */
export class HostRam {
  private readonly lastUsedMs = new Map<string, number>();

  private readonly capacity: number;
  private readonly reloadMs: number;
  private readonly loadMs: number;

  constructor(capacity: number, reloadMs: number, loadMs: number) {
    this.capacity = capacity;
    this.reloadMs = reloadMs;
    this.loadMs = loadMs;
  }

  has(model: string): boolean {
    return this.lastUsedMs.has(model);
  }

  /** How long a start takes now. Weights pass through host RAM and stay there; the least recently used give way. */
  load(model: string, nowMs: number): number {
    const ms = this.has(model) ? this.reloadMs : this.loadMs;
    this.lastUsedMs.delete(model);
    this.lastUsedMs.set(model, nowMs);
    if (this.lastUsedMs.size > this.capacity) this.lastUsedMs.delete(this.lastUsedMs.keys().next().value!);
    return ms;
  }

  use(model: string, nowMs: number): void {
    if (this.has(model)) this.load(model, nowMs);
  }
}
