import { after, aReplica, NOW, OLD_REVISION, REVISION } from '../../test/builders.ts';
import { type Condition, statusOf, type Wanted } from './condition.ts';
import type { Replica } from './replica.ts';
import type { Replacement } from './restarts.ts';

const ONE: Wanted = { revisionId: REVISION, replicas: 1, isDeleting: false };
const stuck = aReplica({
  phase: 'pending',
  reason: 'UNSCHEDULABLE',
  message: 'node n has 1.0 GiB free, 9.0 GiB needed',
});
const old = aReplica({ revisionId: OLD_REVISION });

function status(wanted: Wanted, replicas: Replica[], again: Replacement = { kind: 'now' }, before: Condition[] = []) {
  const { phase, conditions } = statusOf(wanted, replicas, again, { before, now: NOW });
  return { phase, conditions, ...Object.fromEntries(conditions.map((each) => [each.type, each])) } as never as {
    phase: string;
    conditions: Condition[];
  } & Record<Condition['type'], Condition>;
}

describe('the status of a deployment', () => {
  it.each([
    ['ready', ONE, [aReplica()]],
    ['progressing', ONE, [aReplica({ phase: 'loading' })]],
    ['progressing', ONE, []],
    ['degraded', ONE, [stuck]],
    ['cold', { ...ONE, replicas: 0 }, []],
    ['deleting', { ...ONE, isDeleting: true }, [aReplica({ phase: 'draining' })]],
    ['progressing', ONE, [old, aReplica({ phase: 'loading' })]],
    ['ready', ONE, [old, stuck]],
  ] as const)('is %s', (phase, wanted, replicas) => {
    expect(status(wanted, [...replicas]).phase).toBe(phase);
  });

  it('says which resource is short on which node', () => {
    expect(status(ONE, [stuck]).Placed).toMatchObject({
      status: false,
      reason: 'UNSCHEDULABLE',
      message: stuck.message,
    });
    expect(status(ONE, [stuck]).Ready).toMatchObject({ status: false, reason: 'UNSCHEDULABLE' });
  });

  it('says that the old revision keeps serving for want of room', () => {
    const { UpToDate, Ready } = status(ONE, [old, stuck]);
    expect(UpToDate).toMatchObject({ status: false, reason: 'NO_CAPACITY' });
    expect(UpToDate.message).toContain(stuck.message);
    expect(Ready.status).toBe(true);
  });

  it('shows the last log lines of a crash loop', () => {
    const last = aReplica({
      phase: 'failed',
      reason: 'EXITED',
      message: 'exit 132',
      lastLogLines: ['illegal instruction'],
    });
    const { phase, Ready } = status(ONE, [last], { kind: 'never', last });
    expect(phase).toBe('degraded');
    expect(Ready).toMatchObject({ status: false, reason: 'CRASH_LOOP' });
    expect(Ready.message).toMatch(/exit 132[^]*illegal instruction/);
  });

  it('dates a condition by when it came to hold, not by when it was looked at', () => {
    const first = status(ONE, [aReplica({ phase: 'loading' })]).conditions;
    const later = statusOf(ONE, [aReplica()], { kind: 'now' }, { before: first, now: after(9_000) }).conditions;
    expect(later.find(({ type }) => type === 'Placed')!.since).toBe(NOW.toISOString());
    expect(later.find(({ type }) => type === 'Ready')!.since).toBe(after(9_000).toISOString());
  });
});
