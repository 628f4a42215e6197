import type { ScalingHistory } from './history.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import { forConcurrency } from './rules/concurrency.ts';
import { servedSooner } from './rules/late-binding.ts';
import { forMissedBefore, type Missed, stillMissed } from './rules/missed-before.ts';
import { forObjective } from './rules/objective.ts';
import { forQueueWait } from './rules/queue-wait.ts';
import type { Facts } from './signals.ts';
import type { Steps } from './steps.ts';

/** A p95 over a minute says nothing about a replica that joined within it. */
const SETTLE_MS = 60_000;

/** Replicas for the requests that are there and for the objectives; what was missed on the way is remembered. */
export function demand(
  policy: ScalingPolicy,
  facts: Facts,
  history: ScalingHistory,
  nowMs: number,
  steps: Steps,
): Missed | undefined {
  const { load, ready, waiting } = facts;
  const sooner = leftToWhatFrees(policy, facts);
  steps.exactly('concurrency', forConcurrency(policy, load - sooner), concurrencyText(policy, load, sooner));
  const missed = stillMissed(history.missed, load, nowMs, policy.scaleDown.stabilisationMs);
  steps.atLeast('missed-before', forMissedBefore(missed, load), `fewer were too few at ${missed?.load} requests`);
  const enough = steps.replicas;
  const queue = forQueueWait(policy, ready, waiting - sooner, facts.oldestWaitMs);
  steps.atLeast('queue-wait', queue, `${waiting} wait, the oldest for ${facts.oldestWaitMs} ms`);
  if (isSettled(facts, history, nowMs)) objectives(policy, facts, steps);
  const isMiss = steps.replicas > Math.max(enough, ready) && ready > 0 && load > 0;
  return isMiss ? { load, replicas: steps.replicas, lastMs: nowMs } : missed;
}

function objectives(policy: ScalingPolicy, { ready, ttftP95Ms, tpotP95Ms }: Facts, steps: Steps): void {
  const first = forObjective(ready, ttftP95Ms, policy.ttftP95Ms);
  steps.atLeast('ttft', first, `time to first token p95 is ${ttftP95Ms} ms, ${policy.ttftP95Ms} ms wanted`);
  const each = forObjective(ready, tpotP95Ms, policy.tpotP95Ms);
  steps.atLeast('tpot', each, `time per token p95 is ${tpotP95Ms} ms, ${policy.tpotP95Ms} ms wanted`);
}

/** Either way: after a clock was set back, the last change is not waited for. */
function isSettled({ starting }: Facts, { changedAtMs = -Infinity }: ScalingHistory, nowMs: number): boolean {
  return starting === 0 && Math.abs(nowMs - changedAtMs) >= SETTLE_MS;
}

/** Waiting requests that a start would serve later than a replica that frees. */
function leftToWhatFrees({ targetConcurrency }: ScalingPolicy, facts: Facts): number {
  const { waiting, running, starting, serviceMs, wakeMs } = facts;
  if (serviceMs === undefined) return 0;
  return servedSooner({ waiting, running, starting: starting * targetConcurrency, serviceMs, wakeMs });
}

function concurrencyText({ targetConcurrency }: ScalingPolicy, load: number, sooner: number): string {
  const text = `${load} ${load === 1 ? 'request' : 'requests'} at ${targetConcurrency} a replica`;
  return sooner === 0 ? text : `${text}, ${sooner} of them served sooner by what frees`;
}
