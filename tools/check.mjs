/**
 * Everything `npm test` promises, in order, stopping at the first stage that fails: what can be told without running
 * the code, then the three rings of tests. The last line is always `N passed, N failed, N skipped`, in which a failed
 * check counts as one failure.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { resultsFile, runStep, staticSteps, testRings, testStep } from './check/steps.mjs';
import { addUp, describeSlowest, realTests } from './check/summary.mjs';
import { root } from './lint/workspace.mjs';

const startedAt = performance.now();
const failures = [];

const print = (line) => process.stdout.write(`${line}\n`);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

async function check(step) {
  const { code, ms, output } = await runStep(step);
  print(`${code === 0 ? 'ok    ' : 'FAILED'}  ${step.name} (${seconds(ms)})`);
  if (code === 0) return;
  if (output.trim() !== '') print(output.trim());
  failures.push(step.name);
}

/** Starts no further step once one has failed, and lets those under way finish: their findings are worth having. */
async function checkTogether(steps) {
  const waiting = [...steps];
  const lane = async () => {
    while (waiting.length > 0 && failures.length === 0) await check(waiting.shift());
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, lane));
}

async function runRing(ring) {
  rmSync(resultsFile(ring.ring), { force: true });
  await check(testStep(ring));
  if (!existsSync(resultsFile(ring.ring))) return undefined;
  return { ring: ring.ring, ...JSON.parse(readFileSync(resultsFile(ring.ring), 'utf8')) };
}

function judge(rings) {
  const { skipped } = addUp(rings);
  if (skipped > 0) failures.push(`${skipped} skipped tests: repair or delete them`);
  const minimum = Number(readFileSync(join(root, '.ci/minimum-real-tests'), 'utf8'));
  const real = realTests(rings);
  print(
    `\n${real} tests ran on real Kafka and PostgreSQL (at least ${minimum} are recorded in .ci/minimum-real-tests)`,
  );
  if (real < minimum) failures.push(`only ${real} tests on real servers, ${minimum} are recorded`);
}

await checkTogether(staticSteps);
const rings = [];
for (const ring of testRings) {
  if (failures.length > 0) break;
  const result = await runRing(ring);
  if (result !== undefined) rings.push(result);
}
if (rings.length > 0) print(`\n${describeSlowest(rings, 10)}`);
if (failures.length === 0) judge(rings);

const { passed, failed, skipped } = addUp(rings);
const failedOutsideTests = failed === 0 ? failures.length : 0;
if (failures.length > 0) print(`\nnot passed: ${failures.join('; ')}`);
print(`\nin ${seconds(performance.now() - startedAt)}`);
print(`${passed} passed, ${failed + failedOutsideTests} failed, ${skipped} skipped`);
process.exitCode = failures.length > 0 ? 1 : 0;
