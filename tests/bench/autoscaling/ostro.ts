import {
  autoscale,
  EMPTY_HISTORY,
  learn,
  type Learning,
  NEW_LEARNING,
  type Observation,
  parsePolicy,
  type ScalingHistory,
  type ScalingPolicy,
  steer,
} from '@ostro/autoscaling';
import type { ModelView, Scaler, Wish } from './fleet.ts';
import { Optimum } from './optimum.ts';
import type { Request } from './requests.ts';

export interface OstroOptions {
  readonly loadMs: number;
  /** Reload time from host RAM, where there is such a tier. */
  readonly reloadMs?: number;
  /** Budget as a multiple of the optimum of the requests served so far. */
  readonly costRatio: number;
}

/** How often what was seen is folded into what the cell has learned. */
const LEARN_MS = 60_000;

/**
 * The library's decisions: one policy for all models, a history per model, and what a cell learns from all of them. The
 * budget is steered by the optimum of the requests that have been served, so by the past alone.
 */
export class Ostro implements Scaler {
  private readonly policy: ScalingPolicy;
  private readonly histories = new Map<string, ScalingHistory>();
  private readonly service = new Map<string, { requests: number; ms: number }>();
  private readonly optimum: Optimum;
  private observations: Observation[] = [];
  private learntAtMs = 0;
  private spentMs = 0;
  private allowedMs = 0;
  learning: Learning = NEW_LEARNING;

  private readonly options: OstroOptions;

  constructor(options: OstroOptions) {
    this.options = options;

    const { loadMs, reloadMs } = options;
    this.optimum = new Optimum(loadMs);
    this.policy = parsePolicy({
      maxReplicas: 1_000,
      targetConcurrency: 1,
      idle: 'cell',
      scaleDown: { stabilisationMs: 0 },
      tiers: [
        { name: 'vram', wakeMs: 0, eurosPerHour: 2 },
        ...(reloadMs === undefined ? [] : [{ name: 'hostRam', wakeMs: reloadMs, eurosPerHour: 0 }]),
        { name: 'none', wakeMs: loadMs, eurosPerHour: 0 },
      ],
    });
  }

  spent(ms: number): void {
    this.spentMs += ms;
  }

  decide(view: ModelView): Wish {
    this.learnNow(view.nowMs);
    const history = this.histories.get(view.model) ?? EMPTY_HISTORY;
    const decision = autoscale(
      this.policy,
      {
        running: view.running,
        waiting: view.waiting,
        oldestWaitMs: view.oldestWaitMs,
        ttftP95Ms: undefined,
        tpotP95Ms: undefined,
        readyReplicas: view.ready,
        startingReplicas: view.starting,
        arrivals: view.arrivals,
        serviceMs: this.serviceMs(view.model, view.served),
        standby: view.inHostRam ? 'hostRam' : 'none',
        learning: this.learning,
      },
      history,
      view.nowMs,
    );
    this.histories.set(view.model, decision.history);
    this.observations.push(...decision.observations);
    return { replicas: decision.replicas, recheckAtMs: decision.recheckAtMs };
  }

  private learnNow(nowMs: number): void {
    if (nowMs - this.learntAtMs < LEARN_MS) return;
    const { budget, ...learning } = learn(this.learning, this.observations);
    const allowedMs = this.optimum.ms * this.options.costRatio;
    const more = { spentMs: this.spentMs, allowedMs: allowedMs - this.allowedMs };
    this.learning = { ...learning, budget: steer(budget, more) };
    this.observations = [];
    this.learntAtMs = nowMs;
    this.spentMs = 0;
    this.allowedMs = allowedMs;
  }

  private serviceMs(model: string, served: readonly Request[]): number | undefined {
    const sum = this.service.get(model) ?? { requests: 0, ms: 0 };
    for (const request of served) {
      this.optimum.add(request);
      sum.requests += 1;
      sum.ms += request.serviceMs;
    }
    this.service.set(model, sum);
    return sum.requests === 0 ? undefined : sum.ms / sum.requests;
  }
}
