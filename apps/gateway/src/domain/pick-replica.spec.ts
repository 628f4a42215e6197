import fc from 'fast-check';
import { aReplica, aTarget } from '../../test/builders.ts';
import { pickReplica, pickTarget, type ReplicaLoad } from './pick-replica.ts';

const load = (inFlight: Record<string, number>, avoided: readonly string[] = []): ReplicaLoad => ({
  inFlight: (replicaId) => inFlight[replicaId] ?? 0,
  isAvoided: (replicaId) => avoided.includes(replicaId),
});

const NONE = new Set<string>();

describe('the replica of a request', () => {
  const replicas = [aReplica('c'), aReplica('b'), aReplica('a')];

  it('has the fewest requests under way, ties by id', () => {
    expect(pickReplica(replicas, load({ a: 1, b: 0, c: 0 }), NONE)?.replicaId).toBe('b');
    expect(pickReplica(replicas, load({}), NONE)?.replicaId).toBe('a');
  });

  it('was not tried for it before, is not full, and can be dialled', () => {
    expect(pickReplica(replicas, load({}), new Set(['a', 'b']))?.replicaId).toBe('c');
    expect(pickReplica(replicas, load({ a: 4, b: 4, c: 3 }), NONE)?.replicaId).toBe('c');
    expect(pickReplica(replicas, load({ a: 4, b: 4, c: 4 }), NONE)).toBeUndefined();
    expect(pickReplica([aReplica('a', { address: undefined })], load({}), NONE)).toBeUndefined();
    expect(pickReplica([aReplica('a', { concurrency: 0 })], load({ a: 99 }), NONE)?.replicaId).toBe('a');
  });

  it('failed lately only when nothing else is left', () => {
    expect(pickReplica(replicas, load({ c: 3 }, ['a', 'b']), NONE)?.replicaId).toBe('c');
    expect(pickReplica(replicas, load({}, ['a', 'b', 'c']), NONE)?.replicaId).toBe('a');
  });
});

describe('the deployment of a request', () => {
  it('is chosen by weight among those with replicas', () => {
    const targets = [
      aTarget([aReplica('a')], { deploymentId: 'dep_90', weight: 90 }),
      aTarget([], { deploymentId: 'dep_cold', weight: 1_000 }),
      aTarget([aReplica('b')], { deploymentId: 'dep_10', weight: 10 }),
      aTarget([aReplica('c')], { deploymentId: 'dep_0', weight: 0 }),
    ];
    const at = (ticket: number) => pickTarget(targets, ticket)?.deploymentId;
    expect([0, 0.89, 0.91, 0.9999].map(at)).toEqual(['dep_90', 'dep_90', 'dep_10', 'dep_10']);
  });

  it('exists whenever one of positive weight has a replica', () => {
    const weights = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (all, ticket) => {
        const picked = pickTarget(
          all.map((weight) => aTarget([aReplica('a')], { weight })),
          ticket,
        );
        expect(picked !== undefined).toBe(all.some((weight) => weight > 0));
        expect(picked?.weight ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});
