import { anAutoscaling } from '../../test/builders.ts';
import { type AutoscalingRequest, bounded, rescaled, resolveAutoscaling } from './autoscaling.ts';

function asked(overrides: Partial<AutoscalingRequest> = {}): AutoscalingRequest {
  return { minReplicas: 1, maxReplicas: 3, targetPercent: 0, idleTimeoutMs: undefined, ...overrides };
}

describe('an autoscaling request', () => {
  it('has its open parts closed', () => {
    expect(resolveAutoscaling(asked())).toEqual({
      minReplicas: 1,
      maxReplicas: 3,
      targetPercent: 70,
      idleTimeoutMs: 300_000,
    });
  });

  it('keeps a minimum of none', () => {
    expect(resolveAutoscaling(asked({ minReplicas: 0, idleTimeoutMs: 0 }))).toMatchObject({
      minReplicas: 0,
      idleTimeoutMs: 0,
    });
  });

  const refused: [string, Partial<AutoscalingRequest>, string][] = [
    ['a maximum of none', { minReplicas: 0, maxReplicas: 0 }, 'autoscaling.max_replicas'],
    ['an absurd maximum', { maxReplicas: 1_001 }, 'autoscaling.max_replicas'],
    ['a minimum above the maximum', { minReplicas: 4 }, 'autoscaling.min_replicas'],
    ['more than the whole concurrency', { targetPercent: 101 }, 'autoscaling.target_percent'],
    ['an idle time before it begins', { idleTimeoutMs: -1 }, 'autoscaling.idle_timeout'],
    ['an idle time of more than a day', { idleTimeoutMs: 86_400_001 }, 'autoscaling.idle_timeout'],
  ];
  it.each(refused)('is refused for %s, by name', (_name, overrides, field) => {
    expect(() => resolveAutoscaling(asked(overrides))).toThrow(
      expect.objectContaining({ reason: 'INVALID_SPEC', details: { field } }),
    );
  });
});

describe('the scale of a deployment', () => {
  const bounds = anAutoscaling({ minReplicas: 2, maxReplicas: 4 });

  it.each([
    [0, 2],
    [3, 3],
    [9, 4],
  ])('of %i replicas becomes %i under bounds of 2 to 4', (replicas, expected) => {
    expect(bounded(bounds, replicas)).toBe(expected);
  });

  it('is set by hand where demand does not decide', () => {
    expect(rescaled({ replicas: 1, autoscaling: null }, { replicas: 5 })).toEqual({ replicas: 5, autoscaling: null });
  });

  it('comes within new bounds at once', () => {
    expect(rescaled({ replicas: 9, autoscaling: null }, { autoscaling: bounds })).toEqual({
      replicas: 4,
      autoscaling: bounds,
    });
  });

  it('stays what it is when demand no longer decides', () => {
    expect(rescaled({ replicas: 3, autoscaling: bounds }, { autoscaling: null })).toEqual({
      replicas: 3,
      autoscaling: null,
    });
  });

  it('may be set by hand in the same update that ends autoscaling', () => {
    const change = { replicas: 0, autoscaling: null };
    expect(rescaled({ replicas: 3, autoscaling: bounds }, change)).toEqual(change);
  });

  it('cannot be set by hand while demand decides', () => {
    expect(() => rescaled({ replicas: 3, autoscaling: bounds }, { replicas: 1 })).toThrow(
      expect.objectContaining({ reason: 'REPLICAS_FOLLOW_DEMAND', message: expect.stringContaining('2 and 4') }),
    );
  });

  it('is not touched by a change of something else', () => {
    const before = { replicas: 3, autoscaling: bounds };
    expect(rescaled(before, {})).toEqual(before);
  });
});
