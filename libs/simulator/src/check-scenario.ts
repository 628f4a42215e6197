import { DomainError } from '@ostro/kernel';
import type { LoadTimes, Scenario, SimulatedPolicy, SimulatedRequest } from './scenario.ts';

const MAX_TOKENS = 1_000_000_000;
const MAX_MS = 1e15;

/** @throws DomainError INVALID_ARGUMENT (INVALID_SCENARIO) naming the field. */
export function checkScenario(scenario: Scenario): void {
  const { nodes, deployments, seed, prefixBlockTokens, policy } = scenario;
  if (nodes.length === 0) throw invalid('nodes', 'lists no node; a cluster needs at least one');
  if (deployments.length === 0) throw invalid('deployments', 'lists no deployment; requests need one to go to');
  if (!isWhole(seed, 0, 2 ** 32 - 1)) throw invalid('seed', `must be a whole number below 2^32, not ${seed}`);
  if (scenario.startMs !== undefined && !isTime(scenario.startMs)) {
    throw invalid('startMs', `must be a time in milliseconds since 1970, not ${scenario.startMs}`);
  }
  if (prefixBlockTokens !== undefined && !(isWhole(prefixBlockTokens, 16, 65_536) && prefixBlockTokens % 16 === 0)) {
    throw invalid('prefixBlockTokens', `must be a multiple of 16 up to 65536, not ${prefixBlockTokens}`);
  }
  checkPolicy(policy);
  const names = new Set<string>();
  deployments.forEach(({ name, load }, at) => {
    if (names.has(name)) throw invalid(`deployments[${at}].name`, `"${name}" is there twice; give each once`);
    names.add(name);
    checkLoad(load, `deployments[${at}].load`);
  });
}

/** Names the part of the scenario where a lower layer's error arose. */
export function within<T>(field: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const at = error.details['field'];
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_SCENARIO', `${field}: ${error.message}`, {
      details: { field: at === undefined ? field : `${field}.${at}`, reason: error.reason },
      cause: error,
    });
  }
}

/** What is wrong with a row of a trace; undefined = nothing. Counted, not thrown: one bad row must not end a long run. */
export function problemOf({ inputTokens, outputTokens, serviceMs }: SimulatedRequest): string | undefined {
  if (serviceMs !== undefined) return isTime(serviceMs) ? undefined : `serviceMs is ${serviceMs}`;
  if (!isWhole(inputTokens, 1, MAX_TOKENS)) return `inputTokens is ${inputTokens}`;
  return isWhole(outputTokens, 1, MAX_TOKENS) ? undefined : `outputTokens is ${outputTokens}`;
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_SCENARIO): a trace out of order is no trace. */
export function checkArrival(arrivalMs: number, previousMs: number, row: number): void {
  if (isTime(arrivalMs) && arrivalMs >= previousMs) return;
  throw invalid(`requests[${row}].arrivalMs`, `is ${arrivalMs} after ${previousMs}; sort the trace by arrival`);
}

function checkPolicy({ maxHoldMs, maxQueue, budgetMilliEuroPerHour: budget }: SimulatedPolicy): void {
  if (maxHoldMs !== undefined && !isTime(maxHoldMs)) {
    throw invalid('policy.maxHoldMs', `must be a time in milliseconds, not ${maxHoldMs}`);
  }
  if (maxQueue !== undefined && !isWhole(maxQueue, 0, MAX_TOKENS)) {
    throw invalid('policy.maxQueue', `must be a whole number, not ${maxQueue}`);
  }
  if (budget !== undefined && !(budget > 0 && budget < Infinity)) {
    throw invalid('policy.budgetMilliEuroPerHour', `must be a number above 0, not ${budget}`);
  }
}

function checkLoad(load: LoadTimes, place: string): void {
  for (const field of ['noneMs', 'diskMs', 'hostRamMs'] as const) {
    if (!isTime(load[field])) throw invalid(`${place}.${field}`, `must be a time in milliseconds, not ${load[field]}`);
  }
  const { spreadMilli } = load;
  if (spreadMilli !== undefined && !isWhole(spreadMilli, 0, 1000)) {
    throw invalid(`${place}.spreadMilli`, `must be a whole number from 0 to 1000, not ${spreadMilli}`);
  }
}

function isTime(value: number): boolean {
  return value >= 0 && value <= MAX_MS;
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function invalid(field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_SCENARIO', `scenario: ${field} ${problem}`, {
    details: { field },
  });
}
