import type { Deployment } from '../cluster/deployment.ts';
import type { DeploymentReport, Report } from '../report.ts';
import { rounded } from './histogram.ts';
import type { Recorder } from './recorder.ts';

const HOUR_MS = 3_600_000;

/** Puts together what was recorded, in an order of keys that never changes. */
export function reportOf(seed: number, endMs: number, recorder: Recorder, deployments: readonly Deployment[]): Report {
  const { arrived, completed, refused, refusedByReason, startsByTier, decisions, explained } = recorder;
  return {
    seed,
    simulatedMs: rounded(endMs),
    requests: { arrived, completed, refused, refusedByReason: sorted(refusedByReason) },
    gpuHours: rounded(recorder.gpuMs / HOUR_MS),
    milliEuro: Math.round(recorder.milliEuro),
    coldStarts: recorder.coldStarts,
    startsByTier: { ...startsByTier },
    coldRequests: recorder.coldRequests,
    delayedShare: completed === 0 ? 0 : Math.round((recorder.delayed / completed) * 1e6) / 1e6,
    waitMs: recorder.waitMs.summary(),
    ttftMs: recorder.ttftMs.summary(),
    tpotMs: recorder.tpotMs.summary(),
    totalMs: recorder.totalMs.summary(),
    inputTokens: recorder.inputTokens,
    cachedTokens: recorder.cachedTokens,
    outputTokens: recorder.outputTokens,
    preemptions: recorder.preemptions,
    decisions: { ...decisions },
    refusals: explained,
    deployments: deployments.map(deploymentReport),
    series: recorder.series.finish(),
  };
}

function deploymentReport(deployment: Deployment): DeploymentReport {
  const { spec, arrived, completed, refused, gpuMs, coldStarts, waitMs, ttftMs } = deployment;
  return {
    name: spec.name,
    arrived,
    completed,
    refused,
    gpuHours: rounded(gpuMs / HOUR_MS),
    coldStarts,
    waitMs: waitMs.summary(),
    ttftMs: ttftMs.summary(),
  };
}

function sorted<T>(counts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
