/** A process that appends for ever and says each sequence only after `append` returned it. Arguments: dir, incarnation. */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '@ostro/kernel';
import { Spool } from '../src/index.ts';
import { payloadOf } from './payload.ts';

const [dir, incarnation] = process.argv.slice(2) as [string, string];
const spool = await Spool.open({
  dir,
  incarnation,
  formatNumber: 1,
  clock: systemClock,
  maxBytes: 1_024 * 1_024 * 1_024,
  segmentBytes: 32 * 1_024,
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
for (let next = 1n; ; next += 1n) {
  writeSync(1, `${spool.append(Number(next % 256n), payloadOf(incarnation, next))}\n`);
  // Lets group commits run in between, as they do in a gateway.
  if (next % 50n === 0n) await setImmediate();
}
