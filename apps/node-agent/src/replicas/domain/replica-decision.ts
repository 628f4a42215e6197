/** What is wanted of a replica. One that nobody mentions any more is to be drained like one that is told to. */
export type Wish = { readonly goal: 'run' } | { readonly goal: 'drain'; readonly deadlineMs: number };

/** What is so. Times are milliseconds since 1970. */
export interface Facts {
  /** Work under way; a replica does one thing at a time. */
  readonly task: 'pulling' | 'starting' | 'stopping' | undefined;
  readonly hasWeights: boolean;
  readonly process: 'none' | 'loading' | 'ready';
  readonly runningRequests: number;
  /** No restart will help. */
  readonly isHopeless: boolean;
  /** Nothing is tried before, after a failure. */
  readonly retryAtMs: number;
}

export type Action = 'wait' | 'pull' | 'cancel-pull' | 'start' | 'stop';

/** The one next step from what is to what is wanted. Asked again after every change, so it never plans ahead. */
export function nextAction(wish: Wish, facts: Facts, nowMs: number): Action {
  return wish.goal === 'run' ? towardsServing(facts, nowMs) : towardsRest(wish.deadlineMs, facts, nowMs);
}

function towardsServing(facts: Facts, nowMs: number): Action {
  if (facts.task !== undefined || facts.process !== 'none') return 'wait';
  if (facts.isHopeless || nowMs < facts.retryAtMs) return 'wait';
  return facts.hasWeights ? 'start' : 'pull';
}

function towardsRest(deadlineMs: number, facts: Facts, nowMs: number): Action {
  if (facts.task === 'pulling') return 'cancel-pull';
  if (facts.task !== undefined || facts.process === 'none') return 'wait';
  return facts.runningRequests === 0 || nowMs >= deadlineMs ? 'stop' : 'wait';
}

export type Phase = 'placed' | 'pulling' | 'loading' | 'ready' | 'draining' | 'stopped' | 'failed';

/** `stopped` is said only when no process is left. */
export function phaseOf(wish: Wish, facts: Facts): Phase {
  if (wish.goal === 'drain') return facts.process === 'none' && facts.task === undefined ? 'stopped' : 'draining';
  return (facts.task && TASK_PHASE[facts.task]) ?? restingPhase(facts);
}

const TASK_PHASE = { pulling: 'pulling', starting: 'loading', stopping: 'draining' } as const;

function restingPhase(facts: Facts): Phase {
  if (facts.process !== 'none') return facts.process;
  if (facts.isHopeless) return 'failed';
  return facts.hasWeights ? 'loading' : 'placed';
}
