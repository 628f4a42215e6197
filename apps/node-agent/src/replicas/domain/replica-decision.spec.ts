import { type Facts, nextAction, phaseOf, type Wish } from './replica-decision.ts';

const NOW = 1_000;
const nothing: Facts = {
  task: undefined,
  hasWeights: false,
  process: 'none',
  runningRequests: 0,
  isHopeless: false,
  retryAtMs: 0,
};
const run: Wish = { goal: 'run' };
const drain = (deadlineMs = NOW + 1): Wish => ({ goal: 'drain', deadlineMs });

describe('nextAction', () => {
  it.each<[string, Wish, Partial<Facts>, ReturnType<typeof nextAction>]>([
    ['wanted, nothing here', run, {}, 'pull'],
    ['wanted, weights here', run, { hasWeights: true }, 'start'],
    ['pulling', run, { task: 'pulling' }, 'wait'],
    ['starting', run, { task: 'starting', hasWeights: true }, 'wait'],
    ['loading', run, { hasWeights: true, process: 'loading' }, 'wait'],
    ['serving', run, { hasWeights: true, process: 'ready' }, 'wait'],
    ['failed, its pause runs', run, { hasWeights: true, retryAtMs: NOW + 1 }, 'wait'],
    ['failed, its pause is over', run, { hasWeights: true, retryAtMs: NOW }, 'start'],
    ['given up', run, { hasWeights: true, isHopeless: true }, 'wait'],
    ['wanted again while it stops', run, { task: 'stopping', process: 'ready' }, 'wait'],
    ['not wanted, pulling', drain(), { task: 'pulling' }, 'cancel-pull'],
    ['not wanted, starting', drain(), { task: 'starting', process: 'none' }, 'wait'],
    ['not wanted, idle', drain(), { process: 'ready' }, 'stop'],
    ['not wanted, loading', drain(), { process: 'loading' }, 'stop'],
    ['not wanted, busy', drain(), { process: 'ready', runningRequests: 1 }, 'wait'],
    ['not wanted, busy at the deadline', drain(NOW), { process: 'ready', runningRequests: 1 }, 'stop'],
    ['not wanted, stopping', drain(), { task: 'stopping', process: 'ready' }, 'wait'],
    ['not wanted, gone', drain(), {}, 'wait'],
    ['not wanted, given up', drain(), { isHopeless: true }, 'wait'],
  ])('%s', (_, wish, facts, action) => expect(nextAction(wish, { ...nothing, ...facts }, NOW)).toBe(action));
});

describe('phaseOf', () => {
  it.each<[string, Wish, Partial<Facts>, ReturnType<typeof phaseOf>]>([
    ['just placed', run, {}, 'placed'],
    ['pulling', run, { task: 'pulling' }, 'pulling'],
    ['starting', run, { task: 'starting', hasWeights: true }, 'loading'],
    ['loading', run, { process: 'loading', hasWeights: true }, 'loading'],
    ['serving', run, { process: 'ready', hasWeights: true }, 'ready'],
    ['waiting for its next try', run, { hasWeights: true, retryAtMs: 9 }, 'loading'],
    ['given up', run, { hasWeights: true, isHopeless: true }, 'failed'],
    ['draining', drain(), { process: 'ready' }, 'draining'],
    ['stopping: the process is still there', drain(), { process: 'ready', task: 'stopping' }, 'draining'],
    ['the stop is not confirmed yet', drain(), { process: 'none', task: 'stopping' }, 'draining'],
    ['gone', drain(), {}, 'stopped'],
  ])('%s', (_, wish, facts, phase) => expect(phaseOf(wish, { ...nothing, ...facts })).toBe(phase));
});
