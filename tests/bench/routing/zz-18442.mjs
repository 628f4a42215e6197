import { parseProfile } from '@ostro/routing';
import { ostro } from './policies.ts';
import { replay } from './replay.ts';
import { readTrace, withHotPrefix } from './trace.ts';
const all = readTrace('/work/shared/data/mooncake/conversation_first40min.jsonl');
const half = all.filter((a) => a.atMs < 20 * 60000);
export const P = (w) =>
  parseProfile({
    name: 't',
    filters: ['residency-allowed', 'healthy'],
    scorers: Object.entries(w).map(([name, weight]) => ({ name, weight })),
  });
const pooled = {};
export function ev(w, { gateways = 1, Ns = [8], Cs = [1e6, 3e6], hot = 0, which = 'half' } = {}) {
  const tr = withHotPrefix(which === 'half' ? half : all, hot, 8);
  let s = [0, 0, 0, 0],
    n = 0,
    min = 9;
  for (const N of Ns)
    for (const C of Cs) {
      const k = [N * C, hot, which];
      const p = (pooled[k] ??= replay(tr, {
        replicas: 1,
        cacheTokens: N * C,
        gateways: 1,
        policy: () => ({ pick: () => 0 }),
      }).hitRatio);
      const c = { replicas: N, cacheTokens: C, gateways };
      const x = replay(tr, { ...c, policy: ostro(P(w), c) });
      const r = x.hitRatio / p;
      min = Math.min(min, r);
      s[0] += r;
      s[1] += x.imbalance;
      s[2] += x.minuteImbalance;
      s[3] += x.worstMinuteImbalance;
      n++;
    }
  return [...s.map((v) => (v / n).toFixed(4)), 'min', min.toFixed(4)].join(' ');
}
const wide = { Ns: [4, 5, 6, 8, 12, 16], Cs: [1e6, 1.5e6, 2e6, 3e6] };
const mode = process.argv[2];
if (mode === 'gw')
  for (const a of [20, 50])
    for (const h of [0, 0.2, 0.4, 0.6, 1, 2])
      console.log(
        a,
        h,
        ev({ 'prefix-affinity': a * 5, 'even-work': 5, 'home-gateway': Math.round(h * 5) }, { gateways: 4 }),
        ev(
          { 'prefix-affinity': a * 5, 'even-work': 5, 'home-gateway': Math.round(h * 5) },
          { gateways: 4, Ns: [4, 16] },
        ),
      );
if (mode === 'aff')
  for (const a of [1000, 200, 100, 50, 20, 10, 5])
    console.log(
      a,
      ev({ 'prefix-affinity': a, 'even-work': 1 }, wide),
      '|',
      ev({ 'prefix-affinity': a, 'even-work': 1 }, { ...wide, Ns: [4, 8, 16], hot: 0.11 }),
    );
