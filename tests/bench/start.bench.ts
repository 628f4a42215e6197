/**
 * How long a first and a warm start take to the first answer, and what memory stays in use.
 * `npm run bench:start [-- --data DIR] [--json]`; an empty DIR measures the first start with whatever downloads are missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const LOCAL = fileURLToPath(new URL('../../apps/local/dist/main.js', import.meta.url));

interface StartFigures {
  readonly name: string;
  readonly secondsToFirstAnswer: number;
  readonly memoryMiB: Readonly<Record<string, number>>;
}

const { values } = parseArgs({ options: { data: { type: 'string' }, json: { type: 'boolean' } } });
const dataDir = values.data ?? (await mkdtemp(join(tmpdir(), 'ostro-bench-')));
try {
  const figures = [await measure('first start'), await measure('warm start')];
  print(figures);
} finally {
  if (values.data === undefined) await rm(dataDir, { recursive: true, force: true });
}

async function measure(name: string): Promise<StartFigures> {
  const startedAt = performance.now();
  const ports = ['--gateway-port', '0', '--api-port', '0', '--metrics-port', '0'];
  const child = spawn(process.execPath, [LOCAL, 'start', '--data', dataDir, ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await saw(child, 'billed');
  const seconds = (performance.now() - startedAt) / 1_000;
  const memoryMiB = await memory(child.pid!);
  child.kill('SIGINT');
  await once(child, 'exit');
  return { name, secondsToFirstAnswer: Math.round(seconds * 10) / 10, memoryMiB };
}

function saw(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    // It keeps listening: a pipe that nobody reads would stop the process it belongs to.
    child.stdout!.on('data', (part: Buffer) => {
      output += part.toString();
      if (output.includes(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended before the first answer:\n${output}`)));
  });
}

/** Proportional set size: memory shared between processes is counted once. */
async function memory(localPid: number): Promise<Record<string, number>> {
  const run = join(dataDir, 'run');
  const records = (await readdir(run)).filter((file) => file.endsWith('.process.json'));
  const named = await Promise.all(
    records.map(async (file) => {
      const { pid } = JSON.parse(await readFile(join(run, file), 'utf8')) as { pid: number };
      return [file.replace('.process.json', ''), await pssMiB(pid)] as const;
    }),
  );
  return { 'control services': await pssMiB(localPid), ...Object.fromEntries(named) };
}

async function pssMiB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Math.round(Number(/^Pss:\s+(\d+)/m.exec(rollup)![1]) / 1_024);
}

function print(figures: readonly StartFigures[]): void {
  if (values.json) return console.log(JSON.stringify({ cores: cpus().length, figures }));
  for (const { name, secondsToFirstAnswer, memoryMiB } of figures) {
    const total = Object.values(memoryMiB).reduce((sum, part) => sum + part, 0);
    const parts = Object.entries(memoryMiB).map(([part, size]) => `${part} ${size}`);
    console.log(`${name}: ${secondsToFirstAnswer} s to the billed first answer; ${total} MiB (${parts.join(', ')})`);
  }
}
