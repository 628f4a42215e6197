import { checkArrival, checkScenario } from './check-scenario.ts';
import { Simulation } from './cluster/simulation.ts';
import type { Progress, Report } from './report.ts';
import type { Scenario } from './scenario.ts';

/** How long after the last arrival requests may still be served; what waits then is NEVER_SERVED. */
const DRAIN_MS = 3_600_000;

/**
 * Runs a trace of requests through a cluster on virtual time. Placement, autoscaling and routing are the code that
 * scheduler and gateway run; engines, loading and the cluster are models. The same scenario gives the same report, byte
 * for byte; memory grows with what is under way, deployments and minutes, not with the length of the trace.
 * @throws DomainError INVALID_ARGUMENT (INVALID_SCENARIO) naming the field.
 */
export function simulate(scenario: Scenario, onProgress?: (progress: Progress) => void): Report {
  checkScenario(scenario);
  const simulation = new Simulation(scenario, onProgress);
  let lastMs = 0;
  let row = 0;
  for (const request of scenario.requests) {
    checkArrival(request.arrivalMs, lastMs, row);
    lastMs = request.arrivalMs;
    row += 1;
    simulation.runUntil(lastMs);
    simulation.arrive(request);
  }
  simulation.drain(lastMs + DRAIN_MS);
  return simulation.report();
}
