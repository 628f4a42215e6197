import { after, aReplica, NOW } from '../../test/builders.ts';
import {
  drainDeadline,
  drained,
  type DrainReason,
  isTerminal,
  lost,
  missed,
  type Observation,
  observed,
  type ReplicaEvent,
  type ReplicaPhase,
  transition,
} from './replica.ts';

const PHASES: ReplicaPhase[] = ['pending', 'placed', 'pulling', 'loading', 'ready', 'draining', 'stopped', 'failed'];
const WORKING: ReplicaPhase[] = ['placed', 'pulling', 'loading', 'ready'];

function anObservation(overrides: Partial<Observation> = {}): Observation {
  return {
    fencingToken: 7n,
    phase: 'ready',
    reason: '',
    message: '',
    lastLogLines: [],
    restartCount: 0,
    ...overrides,
  };
}

describe('the life of a replica', () => {
  const rows: [ReplicaEvent, Partial<Record<ReplicaPhase, ReplicaPhase>>][] = [
    ['place', { pending: 'placed' }],
    ['drain', { pending: 'stopped', placed: 'draining', pulling: 'draining', loading: 'draining', ready: 'draining' }],
    ['lose', { placed: 'failed', pulling: 'failed', loading: 'failed', ready: 'failed', draining: 'failed' }],
    ['miss', { draining: 'stopped' }],
    ['observe-placed', { placed: 'placed', pulling: 'placed', loading: 'placed', ready: 'placed' }],
    ['observe-pulling', { placed: 'pulling', pulling: 'pulling', loading: 'pulling', ready: 'pulling' }],
    ['observe-loading', { placed: 'loading', pulling: 'loading', loading: 'loading', ready: 'loading' }],
    ['observe-ready', { placed: 'ready', pulling: 'ready', loading: 'ready', ready: 'ready' }],
    ['observe-draining', { placed: 'draining', pulling: 'draining', loading: 'draining', ready: 'draining' }],
    [
      'observe-stopped',
      { placed: 'failed', pulling: 'failed', loading: 'failed', ready: 'failed', draining: 'stopped' },
    ],
    [
      'observe-failed',
      { placed: 'failed', pulling: 'failed', loading: 'failed', ready: 'failed', draining: 'stopped' },
    ],
  ];

  it.each(rows)('%s moves exactly the phases it is for', (event, moves) => {
    for (const phase of PHASES) expect([phase, transition(phase, event)]).toEqual([phase, moves[phase] ?? phase]);
  });

  it('ends for good', () => {
    for (const phase of ['stopped', 'failed'] as const) {
      for (const [event] of rows) expect(transition(phase, event)).toBe(phase);
    }
  });
});

describe('a drain', () => {
  const goal = (reason: DrainReason) => ({
    reason,
    deadline: drainDeadline(reason, 60_000, NOW),
    goalGeneration: 9n,
  });

  it.each<[DrainReason, number]>([
    ['SCALED_DOWN', 86_400_000],
    ['ROLLED_OUT', 86_400_000],
    ['NODE_DRAINING', 60_000],
    ['DELETED', 60_000],
  ])('for %s gives streams %i ms', (reason, milliseconds) => {
    expect(drainDeadline(reason, 60_000, NOW)).toEqual(after(milliseconds));
  });

  it('that takes its time is hurried by what cannot wait, and never made longer', () => {
    const patient = drained(aReplica(), goal('SCALED_DOWN'), NOW);
    const hurried = drained(patient, goal('NODE_DRAINING'), NOW);
    expect(hurried).toMatchObject({ phase: 'draining', reason: 'NODE_DRAINING', drainDeadline: after(60_000) });
    expect(drained(hurried, goal('SCALED_DOWN'), NOW)).toBe(hurried);
    expect(drained(hurried, goal('DELETED'), NOW)).toBe(hurried);
    expect(drained(patient, goal('ROLLED_OUT'), NOW)).toBe(patient);
  });
});

describe('an observation', () => {
  it('of another placement is ignored, however good its news', () => {
    const replica = aReplica({ phase: 'loading' });
    for (const fencingToken of [6n, 8n]) {
      expect(observed(replica, anObservation({ fencingToken }), after(5))).toBe(replica);
    }
  });

  it('that tells nothing new gives the very same replica, so that nothing is written', () => {
    const replica = aReplica();
    expect(observed(replica, anObservation(), after(5))).toBe(replica);
  });

  it('keeps when it first served over restarts', () => {
    const serving = observed(aReplica({ phase: 'loading' }), anObservation(), after(5));
    expect(serving).toMatchObject({ phase: 'ready', readyAt: after(5), phaseAt: after(5) });
    const restarting = observed(serving, anObservation({ phase: 'loading', restartCount: 1 }), after(10));
    expect(restarting).toMatchObject({ phase: 'loading', restartCount: 1, readyAt: after(5) });
    expect(observed(restarting, anObservation({ restartCount: 1 }), after(15))).toMatchObject({ readyAt: after(5) });
  });

  it('keeps the last log lines of a failure', () => {
    const failure = anObservation({
      phase: 'failed',
      reason: 'EXITED',
      message: 'exit 1',
      lastLogLines: ['out of memory'],
    });
    expect(observed(aReplica({ phase: 'loading' }), failure, NOW)).toMatchObject({
      phase: 'failed',
      reason: 'EXITED',
      message: 'exit 1',
      lastLogLines: ['out of memory'],
    });
  });

  it('that it has stopped is a failure unless the scheduler asked for it', () => {
    const stopped = anObservation({ phase: 'stopped' });
    expect(observed(aReplica(), stopped, NOW)).toMatchObject({ phase: 'failed', reason: 'STOPPED_UNASKED' });
    const draining = aReplica({ phase: 'draining', reason: 'SCALED_DOWN' });
    expect(observed(draining, stopped, NOW)).toMatchObject({ phase: 'stopped', reason: 'SCALED_DOWN' });
  });
});

describe('a replica that a report does not list', () => {
  const draining = aReplica({ phase: 'draining', goalGeneration: 5n });

  it('has ended once the agent knows that it should', () => {
    expect(missed(draining, { epoch: 1n, generation: 5n }, 1n, NOW).phase).toBe('stopped');
    expect(missed(draining, { epoch: 1n, generation: 9n }, 1n, NOW).phase).toBe('stopped');
  });

  it('says nothing while the agent holds an older generation or an older epoch', () => {
    expect(missed(draining, { epoch: 1n, generation: 4n }, 1n, NOW)).toBe(draining);
    expect(missed(draining, { epoch: 1n, generation: 9n }, 2n, NOW)).toBe(draining);
  });

  it('says nothing of one that should run: its agent is about to start it', () => {
    const replica = aReplica({ phase: 'placed' });
    expect(missed(replica, { epoch: 1n, generation: 9n }, 1n, NOW)).toBe(replica);
  });
});

describe('what the scheduler does to a replica', () => {
  const draining = { reason: 'SCALED_DOWN', deadline: after(60_000), goalGeneration: 9n } as const;

  it('gives a drained one its deadline and the generation that tells its agent', () => {
    for (const phase of WORKING) {
      expect(drained(aReplica({ phase }), draining, NOW)).toMatchObject({
        phase: 'draining',
        reason: 'SCALED_DOWN',
        drainDeadline: after(60_000),
        goalGeneration: 9n,
      });
    }
  });

  it('drains once: a second decision moves no deadline', () => {
    const once = drained(aReplica(), draining, NOW);
    expect(drained(once, { ...draining, deadline: after(90_000) }, NOW)).toBe(once);
  });

  it('loses what is alive and nothing else', () => {
    for (const phase of PHASES) {
      const replica = aReplica({ phase });
      const next = lost(replica, 9n, NOW);
      if (phase === 'pending' || isTerminal(replica)) expect(next).toBe(replica);
      else expect(next).toMatchObject({ phase: 'failed', reason: 'NODE_LOST', goalGeneration: 9n });
    }
  });
});
