/**
 * What the gateway and the node agent add to a request over asking the model server directly, how many requests they
 * carry, and what CPU each costs. The model server is simulated and takes no time of its own; the direct calls go to
 * its socket, the others through the whole path with mTLS, spool and witness log.
 * `npm run bench:request [-- --seconds 4] [--json]`
 */
import { readdir } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tinyModel } from '@ostro/model-formats';
import { Fleet } from '@ostro/tests-system';
import { Pool } from 'undici';
import { type Load, runLoad, type Target } from './request/load.ts';
import { percentile } from './statistics.ts';
import { cpuMs } from './request/process-cpu.ts';

interface Latency {
  readonly name: string;
  readonly concurrency: number;
  readonly directMs: Percentiles;
  readonly throughMs: Percentiles;
  readonly addedMs: Percentiles;
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const MODEL = 'tiny';
/** Above every concurrency measured, so that nothing waits for a slot. */
const SLOTS = 64;
const CONNECTIONS = 32;
const ROUNDS = 4;
const NO_TIME = {
  OSTRO_SIMULATE: '8xH100-80GB',
  OSTRO_SIMULATED_PREFILL_TOKENS_PER_SECOND: '1000000000',
  OSTRO_SIMULATED_DECODE_MS: '0',
};

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' }, json: { type: 'boolean' } } });
const seconds = Number(values.seconds);
const fleet = await Fleet.start({ env: { 'node-agent': NO_TIME, gateway: { OSTRO_LOG_LEVEL: 'warn' } } });
try {
  await fleet.deploy(MODEL, tinyModel({ seed: 1 }), { runtime: 'simulated', concurrency: SLOTS });
  const through: Target = {
    pool: new Pool(fleet.gatewayUrl, { connections: CONNECTIONS }),
    headers: { authorization: `Bearer ${fleet.ownerKey}` },
  };
  const direct: Target = {
    pool: new Pool('http://model-server', { connections: CONNECTIONS, socketPath: await modelServerSocket() }),
    headers: { 'x-ostro-organization': fleet.organizationId },
  };
  for (const target of [direct, through]) await runLoad(target, { ...whole(8), seconds: 2 });
  const latencies: Latency[] = [];
  for (const concurrency of [1, 8]) {
    latencies.push(await compare('whole answer', direct, through, whole(concurrency)));
    latencies.push(await compare('first chunk of a stream', direct, through, stream(concurrency)));
  }
  print({ machine: machine(), latencies, throughput: await throughput(through) });
  await Promise.all([direct.pool.destroy(), through.pool.destroy()]);
} finally {
  await fleet.stop();
}

function whole(concurrency: number): Load {
  return { concurrency, seconds, body: question({ max_tokens: 1 }), until: 'end' };
}

function stream(concurrency: number): Load {
  return { concurrency, seconds, body: question({ max_tokens: 4, stream: true }), until: 'first-chunk' };
}

function question(wishes: object): string {
  return JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Why is the sky blue?' }], ...wishes });
}

async function modelServerSocket(): Promise<string> {
  const sockets = join(fleet.dir, 'node-agent', 'sockets');
  const name = (await readdir(sockets)).find((file) => file.endsWith('.sock'));
  if (name === undefined) throw new Error(`no model server listens in ${sockets}`);
  return join(sockets, name);
}

/** By turns, so that other work on the machine meets both alike. */
async function compare(name: string, direct: Target, through: Target, load: Load): Promise<Latency> {
  const turn = { ...load, seconds: load.seconds / ROUNDS / 2 };
  const samples = { direct: [] as number[], through: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    samples.direct.push(...(await runLoad(direct, turn)).samplesMs);
    samples.through.push(...(await runLoad(through, turn)).samplesMs);
  }
  const directMs = percentiles(samples.direct);
  const throughMs = percentiles(samples.through);
  const addedMs = { p50: rounded(throughMs.p50 - directMs.p50), p99: rounded(throughMs.p99 - directMs.p99) };
  return { name, concurrency: load.concurrency, directMs, throughMs, addedMs };
}

async function throughput(through: Target) {
  const pids = { gateway: fleet.process('gateway').pid, 'node-agent': fleet.process('node-agent').pid };
  const before = { gateway: await cpuMs(pids.gateway), agent: await cpuMs(pids['node-agent']) };
  const load = { ...whole(CONNECTIONS), seconds: seconds * 2 };
  const { perSecond, samplesMs } = await runLoad(through, load);
  const used = async (pid: number, since: number) => rounded(((await cpuMs(pid)) - since) / samplesMs.length);
  return {
    connections: CONNECTIONS,
    requestsPerSecond: Math.round(perSecond),
    throughMs: percentiles(samplesMs),
    cpuMsPerRequest: {
      gateway: await used(pids.gateway, before.gateway),
      'node-agent': await used(pids['node-agent'], before.agent),
    },
  };
}

function percentiles(samples: readonly number[]): Percentiles {
  return { p50: rounded(percentile(samples, 0.5)), p99: rounded(percentile(samples, 0.99)) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The load is what else ran: above the number of cores, figures say little. */
function machine() {
  return { cores: cpus().length, loadAverage: loadavg().map(rounded) };
}

function print(figures: {
  machine: ReturnType<typeof machine>;
  latencies: readonly Latency[];
  throughput: Awaited<ReturnType<typeof throughput>>;
}) {
  if (values.json) return console.log(JSON.stringify(figures));
  console.table(
    figures.latencies.map(({ name, concurrency, directMs, throughMs, addedMs }) => ({
      'ms until': name,
      callers: concurrency,
      'direct p50': directMs.p50,
      'through p50': throughMs.p50,
      'added p50': addedMs.p50,
      'direct p99': directMs.p99,
      'through p99': throughMs.p99,
      'added p99': addedMs.p99,
    })),
  );
  const { connections, requestsPerSecond, throughMs, cpuMsPerRequest: cpu } = figures.throughput;
  console.log(
    `${connections} connections: ${requestsPerSecond} requests/s, p50 ${throughMs.p50} ms, p99 ${throughMs.p99} ms; ` +
      `CPU per request: gateway ${cpu.gateway} ms, node-agent ${cpu['node-agent']} ms`,
  );
  console.log(`${figures.machine.cores} cores, load average ${figures.machine.loadAverage.join(' ')}`);
}
