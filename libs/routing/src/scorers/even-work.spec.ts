import { aReplica, aRequest, aView, scoresOf } from '../../test/builders.ts';
import { evenWork } from './even-work.ts';

describe('even-work', () => {
  it('falls with the uncached tokens sent so far, here and by other gateways, to 0 at 100,000 ahead', () => {
    const view = aView(
      aReplica('a', { prefillTokensElsewhere: 1_000 }),
      aReplica('b', { prefillTokensElsewhere: 11_000 }),
      aReplica('c', { prefillTokensElsewhere: 101_000 }),
      aReplica('d', { prefillTokensElsewhere: 500_000 }),
    );
    // All have joined together, with the same work; what is sent from then on counts.
    expect(scoresOf(evenWork, aRequest(), view)).toEqual({ a: 1000, b: 1000, c: 1000, d: 1000 });
    view.report(aReplica('b', { prefillTokensElsewhere: 21_000 }));
    view.report(aReplica('c', { prefillTokensElsewhere: 201_000 }));
    view.assign(aRequest([], { inputTokens: 50_050 }), 'd');
    expect(scoresOf(evenWork, aRequest(), view)).toEqual({ a: 1000, b: 900, c: 0, d: 500 });
  });

  it('counts what was believed cached for nothing', () => {
    const view = aView('a', 'b');
    view.assign(aRequest([1, 2, 3]), 'a');
    view.assign(aRequest([], { inputTokens: 300 }), 'b');
    view.assign(aRequest([1, 2, 3]), 'a');
    expect(scoresOf(evenWork, aRequest(), view)).toEqual({ a: 1000, b: 1000 });
  });

  it('compares only replicas that may serve the request', () => {
    const view = aView('a', 'b', 'c');
    view.assign(aRequest([], { inputTokens: 40_000 }), 'b');
    view.assign(aRequest([], { inputTokens: 50_000 }), 'c');
    const scores = new Int32Array(3);
    evenWork.add(aRequest(), view, view.slots.slice(1), scores, 1);
    expect([...scores]).toEqual([0, 1000, 900]);
  });
});
