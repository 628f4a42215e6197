import type { ModelView, Scaler, Wish } from './fleet.ts';

const TICK_MS = 2_000;
const STABLE_MS = 60_000;
const PANIC_MS = 6_000;
const GRACE_MS = 30_000;
const PANIC_THRESHOLD = 2;
const MAX_SCALE_DOWN = 2;

interface Revision {
  /** Concurrency from a time on, oldest first; what a sum over a window needs of it. */
  samples: { atMs: number; concurrency: number }[];
  panicUntilMs: number;
  panicReplicas: number;
  zeroSinceMs: number | undefined;
}

/**
 * The autoscaler of Knative Serving with its defaults: averages over 60 s, panics over 6 s at twice the capacity, ticks every
 * 2 s, at most halves in a tick, goes to zero 30 s after a stable window without requests, and is woken by the activator.
 * The target is one request a replica at 100 % utilization: the default of 70 % would ask for two replicas for one request.
 * Source: knative.dev/serving, pkg/autoscaler/scaling/autoscaler.go and config-autoscaler.
 */
export class Knative implements Scaler {
  private readonly revisions = new Map<string, Revision>();

  decide(view: ModelView): Wish {
    const revision = this.revisionOf(view.model);
    const { nowMs, ready, starting } = view;
    const concurrency = view.running + view.waiting;
    const present = ready + starting;
    if (present === 0) {
      if (concurrency === 0) return { replicas: 0 };
      Object.assign(revision, { samples: [], panicUntilMs: 0, panicReplicas: 0, zeroSinceMs: undefined });
    }
    revision.samples.push({ atMs: nowMs, concurrency });
    const isTick = nowMs % TICK_MS === 0;
    const replicas = isTick && present > 0 ? this.tick(revision, view) : Math.max(present, 1);
    const recheckAtMs = replicas + view.running === 0 ? undefined : (Math.floor(nowMs / TICK_MS) + 1) * TICK_MS;
    return { replicas, recheckAtMs };
  }

  private tick(revision: Revision, { nowMs, ready }: ModelView): number {
    const lowest = Math.floor(ready / MAX_SCALE_DOWN);
    const stable = Math.max(Math.ceil(average(revision, nowMs, STABLE_MS)), lowest);
    const panic = Math.max(Math.ceil(average(revision, nowMs, PANIC_MS)), lowest);
    if (ready > 0 && panic >= PANIC_THRESHOLD * ready) revision.panicUntilMs = nowMs + STABLE_MS;
    const isPanic = nowMs < revision.panicUntilMs;
    revision.panicReplicas = isPanic ? Math.max(revision.panicReplicas, panic, ready) : 0;
    const wanted = isPanic ? Math.max(revision.panicReplicas, stable) : stable;
    if (wanted > 0) {
      revision.zeroSinceMs = undefined;
      return wanted;
    }
    revision.zeroSinceMs ??= nowMs;
    return nowMs - revision.zeroSinceMs >= GRACE_MS ? 0 : 1;
  }

  private revisionOf(model: string): Revision {
    let revision = this.revisions.get(model);
    if (revision === undefined) {
      revision = { samples: [], panicUntilMs: 0, panicReplicas: 0, zeroSinceMs: undefined };
      this.revisions.set(model, revision);
    }
    return revision;
  }
}

/** Mean concurrency of a window; of the time since the revision woke while that is shorter. */
function average(revision: Revision, nowMs: number, windowMs: number): number {
  const { samples } = revision;
  while (samples.length > 1 && samples[1]!.atMs <= nowMs - STABLE_MS) samples.shift();
  const fromMs = Math.max(nowMs - windowMs, samples[0]!.atMs);
  if (fromMs === nowMs) return samples.at(-1)!.concurrency;
  let sum = 0;
  samples.forEach(({ atMs, concurrency }, at) => {
    const untilMs = samples[at + 1]?.atMs ?? nowMs;
    if (untilMs > fromMs) sum += concurrency * (untilMs - Math.max(atMs, fromMs));
  });
  return sum / (nowMs - fromMs);
}
