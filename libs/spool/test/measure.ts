/** Prints what appending costs on the file system of the directory it is given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '@ostro/kernel';
import { Spool } from '../src/index.ts';

const dir = mkdtempSync(join(process.argv[2] ?? '.', 'spool-'));
const options = { dir, formatNumber: 1, clock: systemClock, maxBytes: 2 ** 31, onError: console.error };
const payload = Buffer.alloc(300, 'x');

async function measure(what: string, count: number, run: (spool: Spool) => Promise<void>): Promise<void> {
  const spool = await Spool.open({ ...options, incarnation: `inc_${what}` });
  const startedMs = performance.now();
  await run(spool);
  const seconds = (performance.now() - startedMs) / 1_000;
  const { syncs, slowestSyncMs } = spool.stats();
  const perSecond = Math.round(count / seconds);
  console.log(`${what}: ${perSecond}/s, ${syncs} syncs, slowest sync ${slowestSyncMs.toFixed(1)} ms`);
  await spool.close();
}

await measure('append', 200_000, async (spool) => {
  for (let n = 0; n < 200_000; n += 1) {
    spool.append(1, payload);
    if (n % 100 === 0) await setImmediate();
  }
});
await measure('append-durable-64-at-a-time', 20_000, async (spool) => {
  const writer = async (): Promise<void> => {
    for (let n = 0; n < 20_000 / 64; n += 1) await spool.appendDurable(1, payload);
  };
  await Promise.all(Array.from({ length: 64 }, writer));
});
await measure('append-durable-one-at-a-time', 500, async (spool) => {
  for (let n = 0; n < 500; n += 1) await spool.appendDurable(1, payload);
});
const startedMs = performance.now();
const reader = await Spool.open({ ...options, incarnation: 'inc_reader' });
const openMs = performance.now() - startedMs;
console.log(`open: ${reader.recovery.records} records checked in ${openMs.toFixed(0)} ms`);
await reader.close();
rmSync(dir, { recursive: true });
