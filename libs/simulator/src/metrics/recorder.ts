import type { DecisionCounts, ExplainedRefusal, Progress, RefusalReason } from '../report.ts';
import type { ScalingOutcome } from '../cluster/scaler.ts';
import type { LoadTier } from '../cluster/weight-tiers.ts';
import { Histogram } from './histogram.ts';
import { type Levels, SeriesRecorder } from './series.ts';

const DELAYED_MS = 1000;

/** A request that is being served. */
export interface Served {
  readonly arrivalMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly dispatchedMs: number;
  /** Undefined where the engine gives no first token. */
  firstMs: number | undefined;
  cachedTokens: number;
}

/** Everything a report says that is not of one deployment. */
export class Recorder {
  readonly series: SeriesRecorder;
  readonly waitMs = new Histogram();
  readonly ttftMs = new Histogram();
  readonly tpotMs = new Histogram();
  readonly totalMs = new Histogram();
  readonly decisions: { -readonly [K in keyof DecisionCounts]: number } = {
    placed: 0,
    unschedulable: 0,
    scaledUp: 0,
    scaledDown: 0,
    held: 0,
    routed: 0,
  };
  readonly refusedByReason: Partial<Record<RefusalReason, number>> = {};
  readonly startsByTier = { none: 0, disk: 0, hostRam: 0 };
  readonly explained: ExplainedRefusal[] = [];
  readonly #keepRefusals: number;
  arrived = 0;
  completed = 0;
  refused = 0;
  coldStarts = 0;
  coldRequests = 0;
  delayed = 0;
  inputTokens = 0;
  cachedTokens = 0;
  outputTokens = 0;
  preemptions = 0;
  milliEuro = 0;
  gpuMs = 0;
  lastAnswerMs = 0;

  constructor(keepRefusals: number, levels: () => Levels, onProgress: ((progress: Progress) => void) | undefined) {
    this.#keepRefusals = keepRefusals;
    this.series = new SeriesRecorder(levels, (simulatedMs) =>
      onProgress?.({ simulatedMs, arrived: this.arrived, completed: this.completed }),
    );
  }

  requestArrived(): void {
    this.arrived += 1;
    this.series.arrived();
  }

  requestRefused(reason: RefusalReason): void {
    this.refused += 1;
    this.refusedByReason[reason] = (this.refusedByReason[reason] ?? 0) + 1;
    this.series.refused();
  }

  /** Put into words only while more are kept. */
  placementRefused(refusal: () => ExplainedRefusal): void {
    this.decisions.unschedulable += 1;
    if (this.explained.length < this.#keepRefusals) this.explained.push(refusal());
  }

  scalingDecided({ start, stop, drain, isHeld }: ScalingOutcome): void {
    if (isHeld) this.decisions.held += 1;
    if (start > 0) this.decisions.scaledUp += 1;
    if (stop.length + drain.length > 0) this.decisions.scaledDown += 1;
  }

  replicaStarted(tier: LoadTier, isAwaited: boolean): void {
    this.decisions.placed += 1;
    this.startsByTier[tier] += 1;
    if (isAwaited) this.coldStarts += 1;
  }

  replicaEnded(gpuMs: number, milliEuro: number, preemptions: number): void {
    this.gpuMs += gpuMs;
    this.milliEuro += milliEuro;
    this.preemptions += preemptions;
  }

  requestCompleted(served: Served, atMs: number): { readonly waitMs: number; readonly ttftMs: number | undefined } {
    const { arrivalMs, dispatchedMs, firstMs, outputTokens } = served;
    const waitMs = dispatchedMs - arrivalMs;
    const ttftMs = firstMs === undefined ? undefined : firstMs - arrivalMs;
    this.completed += 1;
    this.lastAnswerMs = atMs;
    this.delayed += waitMs > DELAYED_MS ? 1 : 0;
    this.inputTokens += served.inputTokens;
    this.cachedTokens += served.cachedTokens;
    this.outputTokens += outputTokens;
    this.waitMs.add(waitMs);
    this.totalMs.add(atMs - arrivalMs);
    if (ttftMs !== undefined) this.ttftMs.add(ttftMs);
    if (firstMs !== undefined && outputTokens > 1) this.tpotMs.add((atMs - firstMs) / (outputTokens - 1));
    this.series.completed(waitMs, ttftMs);
    return { waitMs, ttftMs };
  }
}
