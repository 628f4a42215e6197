import { learn, type Learning, NEW_LEARNING, type Observation, steer } from '@ostro/autoscaling';

/** Folded that often, since each fold copies the tables. */
export const LEARN_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** What quiet hours left over is forfeit beyond this: four quiet days must not buy a week of waste. */
const KEPT_HOURS = 6;

/**
 * What all deployments of the cell learn together, and the price that its budget affords. `steer` looks only at ratios,
 * so what is spent and allowed is given to it in milli-euro.
 */
export class CellLearning {
  readonly #budgetMilliEuroPerHour: number | undefined;
  #observations: Observation[] = [];
  current: Learning = NEW_LEARNING;

  constructor(budgetMilliEuroPerHour: number | undefined) {
    this.#budgetMilliEuroPerHour = budgetMilliEuroPerHour;
  }

  observe(observations: readonly Observation[]): void {
    for (const observation of observations) this.#observations.push(observation);
  }

  /** `spentMilliEuro`: by all replicas since the start. */
  fold(spentMilliEuro: number): void {
    this.current = learn(this.current, this.#observations);
    this.#observations = [];
    if (this.#budgetMilliEuroPerHour === undefined) return;
    const { budget } = this.current;
    const spentMs = spentMilliEuro - budget.spentMs;
    const accrued = budget.allowedMs + (this.#budgetMilliEuroPerHour * LEARN_EVERY_MS) / HOUR_MS;
    const kept = Math.min(accrued, spentMilliEuro + this.#budgetMilliEuroPerHour * KEPT_HOURS);
    const allowedMs = Math.max(0, kept - budget.allowedMs);
    this.current = { ...this.current, budget: steer(budget, { spentMs, allowedMs }) };
  }
}
