import { fromRoot } from '../lint/workspace.mjs';

const REAL_RINGS = ['int', 'system'];

/** The sum over all rings that ran. */
export function addUp(rings) {
  const sum = (field) => rings.reduce((total, ring) => total + ring[field], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** How many tests passed against real Kafka and PostgreSQL; the number may only grow. */
export const realTests = (rings) => addUp(rings.filter(({ ring }) => REAL_RINGS.includes(ring))).passed;

export function describeSlowest(rings, count) {
  const slowest = rings
    .flatMap(({ tests }) => tests)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, count);
  const lines = slowest.map(
    ({ ms, name, file }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${name}  (${fromRoot(file)})`,
  );
  return [`the ${slowest.length} slowest tests:`, ...lines].join('\n');
}
