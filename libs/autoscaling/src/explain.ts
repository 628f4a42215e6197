import type { Decision } from './decision.ts';

/** The decision in words, for an operator: the count, which rule set it and why, and where idle replicas wait. */
export function explain({ replicas, reasons, idle, explanation }: Decision): string {
  const steps = reasons.map(({ rule, replicas: count, text }) => `${rule}: ${count}, ${text}.`);
  const waiting = idle.map(({ level, idleMs, tier, returnMilli }) => {
    const chance = `needed again within a minute in ${returnMilli} of 1000 cases`;
    return `Replica ${level + 1}, idle for ${Math.round(idleMs / 1000)} s, belongs in ${tier}: ${chance}.`;
  });
  const { engineVersion, microEuroPerSavedSecond: price, forecastError: error } = explanation;
  const priced = price === undefined ? [] : [`A saved second is worth ${price} micro-euro.`];
  const errors =
    error === undefined
      ? []
      : [
          `${error.forecasts} forecasts had a Brier score of ${error.brierMilli}, a constant one ${error.baselineMilli}.`,
        ];
  const count = replicas === 1 ? '1 replica wanted.' : `${replicas} replicas wanted.`;
  return [count, ...steps, ...waiting, ...priced, ...errors, `Decided by engine ${engineVersion}.`].join('\n');
}
