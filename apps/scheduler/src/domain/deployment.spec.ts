import { seededIds } from '@ostro/kernel';
import fc from 'fast-check';
import { after, aReplica, NOW, OLD_REVISION, REVISION } from '../../test/builders.ts';
import type { Wanted } from './condition.ts';
import { type Command, plan } from './deployment.ts';
import { drained, isTerminal, isWanted, type Replica, type ReplicaPhase, transition } from './replica.ts';

const NONE = new Set<never>();

function wanted(overrides: Partial<Wanted> = {}): Wanted {
  return { revisionId: REVISION, replicas: 2, isDeleting: false, ...overrides };
}

function kinds(commands: readonly Command[]): string[] {
  return commands.map((command) => (command.kind === 'drain' ? `drain ${command.reason}` : command.kind));
}

function old(overrides: Partial<Replica> = {}): Replica {
  return aReplica({ revisionId: OLD_REVISION, ...overrides });
}

describe('a plan', () => {
  const pending = aReplica({ phase: 'pending' });
  const rows: [string, Wanted, Replica[], string[]][] = [
    ['creates what is missing', wanted(), [], ['create', 'create']],
    ['places what is pending', wanted(), [pending, aReplica()], ['place']],
    ['does nothing when all is well', wanted(), [aReplica(), aReplica({ phase: 'loading' })], []],
    ['counts no replica that has ended', wanted({ replicas: 1 }), [aReplica({ phase: 'stopped' })], ['create']],
    ['counts no replica that drains', wanted({ replicas: 1 }), [aReplica({ phase: 'draining' })], ['create']],
    ['drains all when none is wanted', wanted({ replicas: 0 }), [aReplica()], ['drain SCALED_DOWN']],
    [
      'drains what is being deleted',
      wanted({ isDeleting: true }),
      [aReplica(), pending],
      ['drain DELETED', 'drain DELETED'],
    ],
    ['waits for draining ones before it removes', wanted({ isDeleting: true }), [aReplica({ phase: 'draining' })], []],
    ['removes when nothing is left', wanted({ isDeleting: true }), [aReplica({ phase: 'failed' })], ['remove']],
    ['rolls one ahead', wanted(), [old(), old()], ['create']],
    ['waits for the new one before the old one goes', wanted(), [old(), old(), aReplica({ phase: 'loading' })], []],
    [
      'lets one old one go for each new one that serves',
      wanted(),
      [old(), old(), aReplica()],
      ['drain ROLLED_OUT', 'create'],
    ],
    ['ends a rollout', wanted(), [old(), aReplica(), aReplica()], ['drain ROLLED_OUT']],
    [
      'drops old ones that serve nobody',
      wanted(),
      [old({ phase: 'pulling' }), old()],
      ['drain ROLLED_OUT', 'create', 'create'],
    ],
    ['keeps the old one while the new one finds no room', wanted({ replicas: 1 }), [old(), pending], ['place']],
  ];

  it.each(rows)('%s', (_name, what, replicas, expected) => {
    expect(kinds(plan(what, replicas, NONE, NOW).commands)).toEqual(expected);
  });

  it('takes away first what is least far on its way, then the newest', () => {
    const [first, second, loading] = [aReplica(), aReplica(), aReplica({ phase: 'loading' })];
    const drainedOf = (replicas: number) =>
      plan(wanted({ replicas }), [first, second, loading], NONE, NOW).commands.map(
        (command) => command.kind === 'drain' && command.replicaId,
      );
    expect(drainedOf(2)).toEqual([loading.id]);
    expect(drainedOf(1)).toEqual([loading.id, second.id]);
  });

  it('takes away what serves the fewest requests rather than what is newest', () => {
    const [idle, busy] = [aReplica(), aReplica()];
    const running = new Map([[busy.id, 2]]);
    const { commands } = plan(wanted({ replicas: 1 }), [idle, busy], NONE, NOW, running);
    expect(commands).toEqual([{ kind: 'drain', replicaId: idle.id, reason: 'SCALED_DOWN' }]);
  });

  it('hurries what takes its time to drain only when its node or its deployment has to go', () => {
    const patient = aReplica({ phase: 'draining', reason: 'SCALED_DOWN' });
    const hurried = aReplica({ phase: 'draining', reason: 'NODE_DRAINING' });
    const none = wanted({ replicas: 0 });
    expect(plan(none, [patient], NONE, NOW).commands).toEqual([]);
    const nodes = new Set([patient.nodeId!, hurried.nodeId!]);
    expect(plan(none, [patient, hurried], nodes, NOW).commands).toEqual([
      { kind: 'drain', replicaId: patient.id, reason: 'NODE_DRAINING' },
    ]);
    expect(kinds(plan({ ...none, isDeleting: true }, [patient, hurried], NONE, NOW).commands)).toEqual([
      'drain DELETED',
    ]);
  });

  it('moves replicas off a node that is being drained, one ahead', () => {
    const [staying, leaving] = [aReplica(), aReplica()];
    const nodes = new Set([leaving.nodeId!]);
    expect(kinds(plan(wanted(), [staying, leaving], nodes, NOW).commands)).toEqual(['create']);
    const replaced = [staying, leaving, aReplica()];
    expect(plan(wanted(), replaced, nodes, NOW).commands).toEqual([
      { kind: 'drain', replicaId: leaving.id, reason: 'NODE_DRAINING' },
    ]);
  });

  it('looks again after 5 s while something is pending, else after a minute', () => {
    expect(plan(wanted({ replicas: 1 }), [pending], NONE, NOW).again).toEqual(after(5_000));
    expect(plan(wanted({ replicas: 1 }), [aReplica()], NONE, NOW).again).toEqual(after(60_000));
  });

  it('waits before it replaces what crashed, and looks again when the wait is over', () => {
    const crashed = aReplica({ phase: 'failed', reason: 'EXITED' });
    const { commands, again } = plan(wanted({ replicas: 1 }), [crashed], NONE, after(1_000));
    expect(commands).toEqual([]);
    expect(again).toEqual(after(5_000));
    expect(kinds(plan(wanted({ replicas: 1 }), [crashed], NONE, after(5_000)).commands)).toEqual(['create']);
  });

  it('replaces what was lost with its node at once', () => {
    const gone = aReplica({ phase: 'failed', reason: 'NODE_LOST' });
    expect(kinds(plan(wanted({ replicas: 1 }), [gone], NONE, NOW).commands)).toEqual(['create']);
  });
});

describe('plans, carried out one after the other', () => {
  const agentMoves: ReplicaPhase[] = ['pulling', 'loading', 'ready', 'stopped'];

  /** Carries out a plan, then lets agents move some replicas one step on. */
  function step(what: Wanted, replicas: readonly Replica[], luck: readonly boolean[], ids = seededIds(1)): Replica[] {
    const { commands } = plan(what, replicas, NONE, NOW);
    const draining = { reason: 'SCALED_DOWN', deadline: NOW, goalGeneration: 1n } as const;
    const commanded = replicas.map((replica) => {
      const command = commands.find((each) => 'replicaId' in each && each.replicaId === replica.id);
      if (command?.kind === 'drain') return drained(replica, draining, NOW);
      return command?.kind === 'place' ? { ...replica, phase: transition(replica.phase, 'place') } : replica;
    });
    const created = commands
      .filter(({ kind }) => kind === 'create')
      .map(() => aReplica({ phase: 'pending', revisionId: what.revisionId, id: ids('rep') }));
    return [...commanded, ...created].map((replica, index) => {
      if (!luck[index % luck.length]) return replica;
      const next = replica.phase === 'draining' ? 'stopped' : agentMoves[agentMoves.indexOf(replica.phase) + 1];
      if (next === undefined || (next === 'stopped' && replica.phase !== 'draining')) return replica;
      return { ...replica, phase: transition(replica.phase, `observe-${next as 'pulling'}`) };
    });
  }

  it('never run more than one beyond the wanted, never stop serving, and end with what is wanted', () => {
    const luck = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(luck, { maxLength: 40 }),
        (replicas, before, lucks) => {
          const what = wanted({ replicas });
          const ids = seededIds(2);
          let all: Replica[] = Array.from({ length: before }, () => old({ id: ids('rep') }));
          const serving = () => all.filter(({ phase }) => phase === 'ready').length;
          const floor = Math.min(replicas, before);
          for (const each of [...lucks, ...Array.from({ length: 60 }, () => [true])]) {
            all = step(what, all, each, ids);
            expect(all.filter(isWanted).length).toBeLessThanOrEqual(Math.max(before, replicas + 1));
            expect(serving()).toBeGreaterThanOrEqual(floor);
          }
          const left = all.filter((replica) => !isTerminal(replica));
          expect(left.map(({ phase, revisionId }) => [phase, revisionId])).toEqual(
            Array.from({ length: replicas }, () => ['ready', REVISION]),
          );
        },
      ),
      { seed: 20_261_122, numRuns: 200 },
    );
  });
});
