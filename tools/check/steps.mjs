import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../lint/workspace.mjs';

const node = (name, ...args) => ({ name, file: process.execPath, args });
const buf = (name, ...args) => ({ name, file: join(root, 'node_modules/.bin/buf'), args, cwd: join(root, 'proto') });

/** Cheap, and independent of each other: they share the machine's cores. The longest come first. */
export const staticSteps = [
  node('build', 'node_modules/typescript7/bin/tsc', '-b'),
  node('lint', 'node_modules/eslint/bin/eslint.js', '.'),
  node('types of the tests', 'node_modules/typescript7/bin/tsc', '-p', 'tsconfig.spec.json'),
  node('format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  node('generated code', 'tools/generate.mjs', '--check'),
  node('list of topics', 'tools/generate-topics.mjs', '--check'),
  node('Kubernetes files', 'tools/check-kubernetes.mjs'),
  buf('proto lint', 'lint'),
  buf('proto compatibility', 'breaking', '--against', 'image.baseline.binpb'),
  node('packages agree', 'tools/check-workspace.mjs'),
  node('READMEs name the topics', 'tools/check-events.mjs'),
  node('no machine in the text', 'tools/check-words.mjs'),
];

/**
 * Real servers and whole fleets leave little of a small machine to a second suite, and suites of the int ring share one
 * Kafka, where each sees what another publishes: only the quick ring runs wide.
 */
export const testRings = [
  { ring: 'unit', workers: '100%' },
  { ring: 'int', workers: 1 },
  { ring: 'system', workers: 1 },
];

export const resultsFile = (ring) => join(root, '.cache', 'test-results', `${ring}.json`);

const jestFlags = ['--passWithNoTests', '--ci', '--reporters=default', '--reporters=./tools/jest/summary-reporter.mjs'];

export const testStep = ({ ring, workers }) => ({
  ...node(
    `${ring} tests`,
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    ring,
    `--maxWorkers=${workers}`,
    ...jestFlags,
  ),
  env: { OSTRO_TEST_RESULTS: resultsFile(ring) },
  live: true,
});

/**
 * Runs one step; answers its exit code, how long it took and, unless it is `live`, what it printed. A step that hangs
 * is ended with everything it started, so that a check always ends.
 */
export function runStep({ file, args, cwd = root, live = false, limitMs = 20 * 60_000, env = {} }) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'];
    const child = spawn(file, args, { cwd, stdio, env: { ...process.env, ...env }, detached: true });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
    const end = (signal) => process.kill(-child.pid, signal);
    const onSignal = (signal) => end(signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, onSignal);
    const limit = setTimeout(() => {
      output.push(Buffer.from(`\nstopped: it ran for longer than ${limitMs / 60_000} minutes\n`));
      end('SIGKILL');
    }, limitMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
      resolve({ code: code ?? 1, ms: performance.now() - startedAt, output: Buffer.concat(output).toString() });
    });
  });
}
