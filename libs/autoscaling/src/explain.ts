import type { Decision } from './decision.ts';

/** The decision in words, for an operator: the count, which rule set it and why, and where idle replicas wait. */
export function explain({ replicas, reasons, idle, explanation }: Decision): string {
  const steps = reasons.map(({ rule, replicas: count, text }) => `${rule}: ${count} (${text}).`);
  const waiting = idle.map(({ level, idleMs, tier, returnMilli }) => {
    const chance = `needed again within a cold start with ${returnMilli} in 1000`;
    return `Replica ${level + 1}, idle for ${Math.round(idleMs / 1000)} s, waits in ${tier}: ${chance}.`;
  });
  return [`${replicas} wanted.`, ...steps, ...waiting, `Decided by engine ${explanation.engineVersion}.`].join('\n');
}
