import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { isDomainError, systemClock } from '@ostro/kernel';
import { endOnSignals } from './end-on-signals.ts';
import { ask, waitForCharge } from './first-question.ts';
import { type LocalOptions, readLocalOptions } from './local.config.ts';
import { type LocalOstro, runLocal } from './run-local.ts';
import { afterFirstAnswer, demoResult } from './show.ts';
import { Steps } from './steps.ts';

/** `npm start` and `npm run demo`. */
async function main(): Promise<void> {
  const options = readLocalOptions(process.argv.slice(2), process.env);
  // With --json only the result goes to stdout.
  const out = options.json ? process.stderr : process.stdout;
  const end = endOnSignals(process, systemClock, endAtOnce);
  // Whoever read the output is gone (a closed terminal, `npm start | head`): that is a way to say stop, too.
  process.stdout.on('error', () => end.abort('interrupted'));
  const steps = new Steps(out, systemClock, end.signal);
  const ostro = await runLocal({ options, steps, onFatal: (error) => end.abort(error) });
  try {
    await firstAnswer(options, ostro, steps, out);
    if (options.command === 'start') await aborted(end.signal);
  } finally {
    out.write('\n  stopping …\n');
    await ostro.stop();
  }
  if (end.signal.reason instanceof Error) throw end.signal.reason;
}

async function firstAnswer(
  options: LocalOptions,
  ostro: LocalOstro,
  steps: Steps,
  out: NodeJS.WriteStream,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  steps.say(`\n  ${options.question}\n`);
  out.write('  ');
  const question = {
    model: ostro.deployment.name,
    text: options.question,
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
  };
  const answer = await ask(ostro.gatewayUrl, ostro.apiKey, question, (text) =>
    out.write(text.replaceAll('\n', '\n  ')),
  );
  out.write('\n');
  steps.phases.push({ name: 'first answer', ms: Math.round(systemClock.monotonicMs() - startMs) });
  const charge = await steps.run('bill', () => waitForCharge(ostro.api, answer.requestId));
  if (options.json) process.stdout.write(`${JSON.stringify(demoResult(ostro, answer, charge, steps.phases))}\n`);
  else steps.say(afterFirstAnswer(ostro, answer, charge, options.dataDir));
}

/** What runs on is recorded in the data directory, so the next start ends it or takes it over. */
function endAtOnce(): never {
  process.stderr.write('\n  ended at once: the next start takes over, or ends, what still runs\n');
  process.exit(130);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error === 'interrupted') process.exit(130);
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    if (!isDomainError(error) && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
    process.exit(isDomainError(error) && error.reason === 'USAGE' ? 2 : 1);
  },
);
