import type { Report, Summary } from '@ostro/simulator';

const NONE: Summary = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };

/** A report of a minute in which nothing happened, but for what is said. */
export function aReport(said: Partial<Report> = {}): Report {
  return {
    seed: 1,
    simulatedMs: 60_000,
    requests: { arrived: 0, completed: 0, refused: 0, refusedByReason: {} },
    gpuHours: 0,
    milliEuro: 0,
    coldStarts: 0,
    startsByTier: { none: 0, disk: 0, hostRam: 0 },
    coldRequests: 0,
    delayedShare: 0,
    waitMs: { ...NONE, count: 1 },
    ttftMs: NONE,
    tpotMs: NONE,
    totalMs: NONE,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    preemptions: 0,
    decisions: { placed: 0, unschedulable: 0, scaledUp: 0, scaledDown: 0, held: 0, routed: 0 },
    refusals: [],
    deployments: [],
    series: aSeries(1),
    ...said,
  };
}

export function aSeries(minutes: number, said: Partial<Report['series']> = {}): Report['series'] {
  const zeros = Array.from({ length: minutes }, () => 0);
  const none = Array.from({ length: minutes }, () => null);
  return {
    stepMs: 60_000,
    arrived: zeros,
    completed: zeros,
    refused: zeros,
    replicas: zeros,
    ready: zeros,
    waiting: zeros,
    running: zeros,
    gpus: zeros,
    waitP99Ms: none,
    ttftP50Ms: none,
    ttftP99Ms: none,
    ...said,
  };
}
