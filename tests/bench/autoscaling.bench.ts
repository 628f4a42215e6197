/**
 * Replica hours and waits of autoscaling policies on a trace, against a clairvoyant.
 *
 *     npm run bench:autoscaling -- --trace FILE [--format genai|azure] [--load-seconds S] [--cost-ratio R] [--json]
 */
import { parseArgs } from 'node:util';
import { Fleet, type Outcome, type Scaler } from './autoscaling/fleet.ts';
import { HostRam } from './autoscaling/host-ram.ts';
import { KeepAlive } from './autoscaling/keep-alive.ts';
import { Knative } from './autoscaling/knative.ts';
import { Optimum } from './autoscaling/optimum.ts';
import { Ostro } from './autoscaling/ostro.ts';
import { type Format, FORMATS, readRequests, type Request } from './autoscaling/requests.ts';
import { dataFile } from './bench-data.ts';

const HOUR_MS = 3_600_000;
const HOST_RAM_MODELS = 32;
const RELOAD_MS = 4_400;
const DELAYED_MS = 1_000;

const { values } = parseArgs({
  options: {
    trace: { type: 'string', default: 'genai-2026/lora_request_trace_dev.csv' },
    format: { type: 'string', default: 'genai' },
    'load-seconds': { type: 'string', default: '22.7' },
    'cost-ratio': { type: 'string', default: '1.905' },
    json: { type: 'boolean', default: false },
  },
});

const requests = readRequests(dataFile(values.trace), formatOf(values.format));
const loadMs = Math.round(positive('load-seconds') * 1000);
const costRatio = positive('cost-ratio');

const optimum = new Optimum(loadMs);
for (const request of requests) optimum.add(request);

const ostro = new Ostro({ loadMs, costRatio });
const withRam = new Ostro({ loadMs, reloadMs: RELOAD_MS, costRatio });
const hostRam = (): HostRam => new HostRam(HOST_RAM_MODELS, RELOAD_MS, loadMs);
const runs: readonly [name: string, scaler: Scaler, ram?: HostRam][] = [
  ['ostro', ostro],
  ['ostroRamTier', withRam, hostRam()],
  ['knative', new Knative()],
  ['keepAlive90', new KeepAlive(90_000)],
  ['keepAlive300', new KeepAlive(300_000)],
];
const policies = Object.fromEntries(
  runs.map(([name, scaler, ram]) => [name, figures(new Fleet(scaler, loadMs, ram).run(requests))]),
);
const optimumGpuHours = optimum.ms / HOUR_MS;
if (values.json) console.log(JSON.stringify({ optimumGpuHours, policies }));
else {
  console.log(`${requests.length} requests, clairvoyant optimum ${optimumGpuHours.toFixed(1)} GPU-hours`);
  console.table(policies);
}

function figures({ gpuMs, waitsMs }: Outcome) {
  return {
    gpuHours: gpuMs / HOUR_MS,
    costRatio: gpuMs / optimum.ms,
    delayedShare: waitsMs.filter((ms) => ms > DELAYED_MS).length / waitsMs.length,
    meanWaitSeconds: waitsMs.reduce((sum, ms) => sum + ms, 0) / waitsMs.length / 1000,
    p99WaitSeconds: waitsMs[Math.ceil(waitsMs.length * 0.99) - 1]! / 1000,
  };
}

function formatOf(name: string): Format {
  const format = FORMATS.find((each) => each === name);
  if (format === undefined) throw new Error(`--format is ${name}; it can be ${FORMATS.join(' or ')}`);
  return format;
}

function positive(name: 'load-seconds' | 'cost-ratio'): number {
  const value = Number(values[name]);
  if (value > 0 && value < Infinity) return value;
  throw new Error(`--${name} is ${values[name]}; it must be a number above 0`);
}
