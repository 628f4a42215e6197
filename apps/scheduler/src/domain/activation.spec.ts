import { after, aReplica, DEPLOYMENT, NOW } from '../../test/builders.ts';
import { checkLease, leaseEnd, progressOf, usualStartMs } from './activation.ts';

describe('a start', () => {
  it.each([
    ['30 s until one was seen', [], 30_000],
    ['as long as the last one', [4_000], 4_000],
    ['the median, so that one slow pull says nothing', [4_000, 90_000, 5_000], 5_000],
  ])('is expected to take %s', (_name, starts, expected) => {
    expect(usualStartMs(starts)).toBe(expected);
  });

  it('is told by the replica that is farthest on its way', () => {
    const replicas = [aReplica({ phase: 'pending' }), aReplica({ phase: 'loading', createdAt: after(-8_000) })];
    expect(progressOf(replicas, 20_000, NOW)).toEqual({ phase: 'loading', etaMs: 12_000, message: '' });
  });

  it('that takes longer than usual is nearly there', () => {
    expect(progressOf([aReplica({ phase: 'pulling', createdAt: after(-60_000) })], 20_000, NOW).etaMs).toBe(1_000);
  });

  it('has not begun where none is wanted yet, or all are leaving', () => {
    expect(progressOf([aReplica({ phase: 'draining' })], 20_000, NOW)).toMatchObject({
      phase: 'pending',
      etaMs: 20_000,
    });
  });

  it('that finds no room says which resource is short', () => {
    const stuck = aReplica({ phase: 'pending', message: 'no H100 is free' });
    expect(progressOf([stuck], 20_000, NOW)).toMatchObject({ phase: 'pending', message: 'no H100 is free' });
  });

  it('is over when one serves', () => {
    const replicas = [aReplica({ phase: 'pending' }), aReplica({ phase: 'ready' })];
    expect(progressOf(replicas, 20_000, NOW)).toMatchObject({ phase: 'ready', etaMs: 0 });
  });
});

describe('a demand lease', () => {
  it('ends when it says, and within a minute however wrong the clock of its holder is', () => {
    expect(leaseEnd(after(5_000), NOW)).toEqual(after(5_000));
    expect(leaseEnd(after(3_600_000), NOW)).toEqual(after(60_000));
  });

  it.each(['', 'x'.repeat(101)])('of the holder "%s" is refused', (holder) => {
    const lease = { deploymentId: DEPLOYMENT, holder, waiting: 1, oldestWaitMs: 0, until: NOW };
    expect(() => checkLease(lease)).toThrow(expect.objectContaining({ details: { field: 'holder' } }));
  });
});
