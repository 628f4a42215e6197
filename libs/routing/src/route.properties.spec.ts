import fc from 'fast-check';
import { aReplica, aRequest, aView } from '../test/builders.ts';
import { parseProfile } from './profile.ts';
import { FILTERS, SCORERS } from './registry.ts';
import type { Replica } from './replica.ts';
import type { RoutingRequest } from './request.ts';
import { decide } from './route.ts';
import type { RoutingView } from './routing-view.ts';

const country = fc.constantFrom('FR', 'DE', 'US', '');
const operator = fc.constantFrom('acme', 'other', '');
const certifications = fc.subarray(['secnumcloud', 'hds']);
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 6 });

const replicas: fc.Arbitrary<Replica[]> = fc
  .array(
    fc.record({
      country,
      operator,
      certifications,
      isHealthy: fc.boolean(),
      isAvoided: fc.boolean(),
      running: fc.nat(8),
      queuedPrefillTokens: fc.nat(300_000),
      kvUsedMilli: fc.nat(1000),
      prefillTokensElsewhere: fc.nat(200_000),
    }),
    { maxLength: 6 },
  )
  .map((list) => list.map((each, at) => aReplica(`rep_${at}`, each)));

const request: fc.Arbitrary<RoutingRequest> = fc
  .record({
    ids,
    tokens: fc.nat(900),
    residency: fc.record({
      countries: fc.subarray(['FR', 'DE', 'US']),
      operators: fc.subarray(['acme', 'other']),
      certifications,
    }),
    tried: fc.subarray(['rep_0', 'rep_1', 'rep_2']).map((names) => new Set(names)),
  })
  .map(({ ids: blocks, tokens, ...rest }) => aRequest(blocks, { inputTokens: tokens, ...rest }));

const profile = fc.array(fc.nat(1000), { minLength: SCORERS.length, maxLength: SCORERS.length }).map((weights) =>
  parseProfile({
    name: 'any',
    filters: FILTERS.map(({ name }) => name),
    scorers: SCORERS.map(({ name }, at) => ({ name, weight: weights[at] })),
  }),
);

const history = fc.array(fc.record({ to: fc.nat(5), request }), { maxLength: 20 });

function played(all: readonly Replica[], steps: readonly { to: number; request: RoutingRequest }[]): RoutingView {
  const view = aView(...all);
  for (const { to, request: past } of steps) if (to < all.length) view.assign(past, `rep_${to}`);
  return view;
}

describe('whatever the weights, the load and the past', () => {
  it('residency is never violated, and neither health nor what was tried is passed over', () => {
    fc.assert(
      fc.property(replicas, history, request, profile, (all, past, asked, by) => {
        const { replicas: chosen, explanation } = decide(asked, played(all, past), by);
        const { countries, operators, certifications: needed } = asked.residency;
        for (const replica of chosen) {
          expect(replica.isHealthy && !asked.tried!.has(replica.replicaId)).toBe(true);
          expect(countries.length === 0 || countries.includes(replica.country)).toBe(true);
          expect(operators.length === 0 || operators.includes(replica.operator)).toBe(true);
          expect(needed.every((each) => replica.certifications.includes(each))).toBe(true);
        }
        const refused = explanation.rejections.reduce((sum, { count }) => sum + count, 0);
        expect(chosen.length + refused).toBe(all.length);
      }),
      { numRuns: 400 },
    );
  });

  it('equal inputs decide equally, in whatever order the replicas come', () => {
    fc.assert(
      fc.property(replicas, history, request, profile, (all, past, asked, by) => {
        const decision = JSON.stringify(decide(asked, played(all, past), by));
        expect(JSON.stringify(decide(asked, played([...all].reverse(), past), by))).toBe(decision);
      }),
      { numRuns: 200 },
    );
  });

  it('one replica more never turns an answer into none', () => {
    fc.assert(
      fc.property(replicas, request, profile, (all, asked, by) => {
        const before = decide(asked, aView(...all), by).replicas;
        const after = decide(asked, aView(...all, 'rep_more'), by).replicas;
        expect(after.length).toBeGreaterThanOrEqual(before.length);
      }),
      { numRuns: 200 },
    );
  });
});
