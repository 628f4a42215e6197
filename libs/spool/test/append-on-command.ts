/**
 * A process that obeys lines on its standard input and answers each with one line of JSON:
 * `fill` appends until it is refused, `append` appends once, `healthy` lets two seconds pass and asks.
 */
import { createInterface } from 'node:readline';
import { isDomainError, manualClock } from '@ostro/kernel';
import { Spool } from '../src/index.ts';
import { payloadOf } from './payload.ts';

const [dir, incarnation] = process.argv.slice(2) as [string, string];
const clock = manualClock();
const errors: string[] = [];
const spool = await Spool.open({
  dir,
  incarnation,
  formatNumber: 1,
  clock,
  maxBytes: 64 * 1_024 * 1_024,
  segmentBytes: 1_024 * 1_024,
  headroomBytes: 512 * 1_024,
  onError: (error) => errors.push(error.reason),
});
let next = 1n;

function append(): string {
  try {
    const sequence = spool.append(1, payloadOf(incarnation, next));
    next = sequence + 1n;
    return sequence.toString();
  } catch (error) {
    if (!isDomainError(error)) throw error;
    return `${error.code} ${error.reason} ${error.details['why']}`;
  }
}

function fill(): string {
  for (;;) {
    const answer = append();
    if (!/^\d+$/.test(answer)) return answer;
  }
}

function isHealthy(): string {
  clock.advance(2_000);
  return String(spool.healthy());
}

const commands: Record<string, () => string> = { fill, append, healthy: isHealthy };
const say = (answer: string): boolean =>
  process.stdout.write(`${JSON.stringify({ answer, last: String(next - 1n), bytes: spool.stats().bytes, errors })}\n`);

say('open');
for await (const line of createInterface({ input: process.stdin })) say(commands[line]!());
