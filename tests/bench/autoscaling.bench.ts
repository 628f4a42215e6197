/**
 * Replica hours and waits of autoscaling policies on a trace, against a clairvoyant. Every policy runs in the same loop with
 * late binding (see fleet.ts); ours are the library's decisions.
 *
 *     npm run bench:autoscaling -- --trace FILE [--format genai|azure] [--load-seconds S] [--cost-ratio R]
 *                                  [--from TIME] [--until TIME] [--json]
 */
import { parseArgs } from 'node:util';
import type { Learning } from '@ostro/autoscaling';
import { calibrationTable, forecastLine } from './autoscaling/calibration-table.ts';
import { Fleet, type Outcome } from './autoscaling/fleet.ts';
import { HostRam } from './autoscaling/host-ram.ts';
import { KeepAlive } from './autoscaling/keep-alive.ts';
import { Knative } from './autoscaling/knative.ts';
import { Optimum } from './autoscaling/optimum.ts';
import { Ostro } from './autoscaling/ostro.ts';
import { type Format, FORMATS, readRequests } from './autoscaling/requests.ts';
import { dataFile } from './bench-data.ts';
import { mean, percentile } from './statistics.ts';

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
    from: { type: 'string', default: '1970-01-01' },
    until: { type: 'string', default: '9999-01-01' },
    json: { type: 'boolean', default: false },
  },
});

const loadMs = Math.round(positive('load-seconds') * 1000);
// Nothing loads slower from host RAM than from nothing.
const reloadMs = Math.min(RELOAD_MS, loadMs);
const costRatio = positive('cost-ratio');
const [fromMs, untilMs] = [time('from'), time('until')];
const requests = readRequests(dataFile(values.trace), formatOf(values.format)).filter(
  ({ atMs }) => atMs >= fromMs && atMs < untilMs,
);
if (requests.length === 0) throw new Error(`no request of ${values.trace} is between --from and --until`);

const optimum = new Optimum(loadMs);
for (const request of requests) optimum.add(request);

const ostro = new Ostro({ loadMs, costRatio });
const ostroRamTier = new Ostro({ loadMs, reloadMs, costRatio });
const hostRam = new HostRam(HOST_RAM_MODELS, reloadMs, loadMs);
const policies = {
  ostro: figures(new Fleet(ostro, loadMs).run(requests)),
  ostroRamTier: figures(new Fleet(ostroRamTier, loadMs, hostRam).run(requests)),
  knative: figures(new Fleet(new Knative(), loadMs).run(requests)),
  keepAlive300: figures(new Fleet(new KeepAlive(300_000), loadMs).run(requests)),
};
const optimumGpuHours = optimum.ms / HOUR_MS;

if (values.json) console.log(JSON.stringify({ optimumGpuHours, policies }));
else {
  console.log(
    `${requests.length} requests; a clairvoyant needs ${optimumGpuHours.toFixed(1)} GPU-hours, and nobody waits`,
  );
  console.table(policies);
  report('ostro', ostro.learning, policies.ostro.costRatio);
  report('ostroRamTier', ostroRamTier.learning, policies.ostroRamTier.costRatio);
}

function report(name: string, { calibration }: Learning, ended: number): void {
  const off = Math.abs(ended / costRatio - 1) * 100;
  console.log(
    `${name}: budget ${costRatio}, ended at ${ended.toFixed(3)} (${off.toFixed(2)} % off); ${forecastLine(calibration)}`,
  );
  console.table(calibrationTable(calibration));
}

function figures({ gpuMs, waitsMs }: Outcome) {
  return {
    gpuHours: gpuMs / HOUR_MS,
    costRatio: gpuMs / optimum.ms,
    delayedShare: waitsMs.filter((ms) => ms > DELAYED_MS).length / waitsMs.length,
    meanWaitSeconds: mean(waitsMs) / 1000,
    p99WaitSeconds: percentile(waitsMs, 0.99) / 1000,
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

function time(name: 'from' | 'until'): number {
  const atMs = Date.parse(values[name]);
  if (!Number.isNaN(atMs)) return atMs;
  throw new Error(`--${name} is ${values[name]}; it must be a time like 2024-11-22 or 2024-11-22T08:00:00Z`);
}
