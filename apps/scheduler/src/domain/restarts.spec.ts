import { after, aReplica, NOW } from '../../test/builders.ts';
import { replacement } from './restarts.ts';

function crashes(count: number, reason = 'EXITED') {
  return Array.from({ length: count }, (_, index) =>
    aReplica({ phase: 'failed', reason, phaseAt: after(-index * 1_000) }),
  );
}

describe('replacing what failed', () => {
  it.each([
    [1, 5_000],
    [2, 10_000],
    [3, 20_000],
    [4, 40_000],
  ])('after %d crashes in a row waits %d ms', (count, pauseMs) => {
    expect(replacement(crashes(count), 1, NOW)).toEqual({ kind: 'at', at: after(pauseMs) });
    expect(replacement(crashes(count), 1, after(pauseMs))).toEqual({ kind: 'now' });
  });

  it('gives up after five rounds and keeps the last failure to show', () => {
    const failed = crashes(5);
    expect(replacement(failed, 1, after(10 ** 9))).toEqual({ kind: 'never', last: failed[0] });
  });

  it('counts failures of all wanted replicas at once as one round', () => {
    expect(replacement(crashes(8), 8, NOW)).toEqual({ kind: 'at', at: after(5_000) });
    expect(replacement(crashes(9), 8, NOW)).toEqual({ kind: 'at', at: after(10_000) });
  });

  it('blames no model for a lost node', () => {
    expect(replacement(crashes(9, 'NODE_LOST'), 1, NOW)).toEqual({ kind: 'now' });
  });

  it('begins anew after a replica that served for ten minutes', () => {
    const long = aReplica({ phase: 'failed', reason: 'EXITED', readyAt: after(-700_000), phaseAt: after(-60_000) });
    const short = { ...long, readyAt: after(-100_000) };
    const older = crashes(4).map((each) => ({ ...each, phaseAt: after(-90_000) }));
    expect(replacement([...older, long], 1, NOW)).toEqual({ kind: 'now' });
    expect(replacement([...older, short], 1, NOW)).toMatchObject({ kind: 'never' });
  });
});
