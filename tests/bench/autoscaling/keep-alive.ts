import type { ModelView, Scaler, Wish } from './fleet.ts';

/** Every waiting request starts a replica; an idle one is stopped after a fixed time. */
export class KeepAlive implements Scaler {
  private readonly keepMs: number;

  constructor(keepMs: number) {
    this.keepMs = keepMs;
  }

  decide({ nowMs, running, waiting, starting, idleMs }: ModelView): Wish {
    const kept = idleMs.filter((ms) => ms < this.keepMs);
    const [oldest] = kept;
    return {
      replicas: running + Math.max(waiting, starting) + kept.length,
      recheckAtMs: oldest === undefined ? undefined : nowMs + this.keepMs - oldest,
    };
  }
}
