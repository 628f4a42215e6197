import { learn, type Learning, NEW_LEARNING, type Observation, steer } from '@ostro/autoscaling';

/** Folded that often, since each fold copies the tables. */
export const LEARN_EVERY_MS = 60_000;

/**
 * What all deployments of the cell learn together, and the price that its budget affords. `steer` looks only at ratios,
 * so what is spent and allowed is given to it in milli-euro.
 */
export class CellLearning {
  readonly #budgetMilliEuroPerHour: number | undefined;
  #observations: Observation[] = [];
  #spentMilliEuro = 0;
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
    const spentMs = spentMilliEuro - this.#spentMilliEuro;
    const allowedMs = (this.#budgetMilliEuroPerHour * LEARN_EVERY_MS) / 3_600_000;
    this.#spentMilliEuro = spentMilliEuro;
    this.current = { ...this.current, budget: steer(this.current.budget, { spentMs, allowedMs }) };
  }
}
