import fc from 'fast-check';
import { aReplica, aTarget } from '../../test/builders.ts';
import { pickTarget } from './pick-target.ts';

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
