/**
 * Damages valid model files until the time is over: anything but facts or a refusal by rule ends it with the seed.
 *
 *   node tools/fuzz-model-formats.mjs [--seconds 60] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { fuzzGguf, fuzzSafetensors } from '../libs/model-formats/test/fuzz.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const MAX_RSS_BYTES = 256 * 2 ** 20;
const ends = performance.now() + Number(values.seconds) * 1_000;
const totals = { iterations: 0, accepted: 0, rules: new Set() };
let seed = Number(values.seed);
for (; performance.now() < ends; seed += 1) {
  for (const report of [await fuzzGguf(seed, 200), await fuzzSafetensors(seed, 1_000)]) {
    totals.iterations += report.iterations;
    totals.accepted += report.accepted;
    for (const rule of Object.keys(report.refused)) totals.rules.add(rule);
  }
}
const peakBytes = process.resourceUsage().maxRSS * 1_024;
console.log(
  `seeds ${values.seed} to ${seed - 1}: ${totals.iterations} files, ${totals.accepted} accepted, the others refused by ` +
    `${totals.rules.size} rules; at most ${Math.round(peakBytes / 2 ** 20)} MiB`,
);
if (peakBytes > MAX_RSS_BYTES) {
  console.error(`more than ${MAX_RSS_BYTES / 2 ** 20} MiB of memory`);
  process.exit(1);
}
