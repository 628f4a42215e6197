import { aReplica, aRequest, aView, range } from '../test/builders.ts';
import { explain } from './explain.ts';
import { DEFAULT_PROFILE } from './profile.ts';
import { ANYWHERE, type RoutingRequest } from './request.ts';
import { decide, route } from './route.ts';
import type { RoutingView } from './routing-view.ts';

const order = (request: RoutingRequest, view: RoutingView) =>
  route(request, view, DEFAULT_PROFILE).map(({ replicaId }) => replicaId);

describe('the replicas of a request', () => {
  it('begin with the one that holds most of its prompt', () => {
    const view = aView('a', 'b', 'c');
    view.assign(aRequest([1, 2]), 'c');
    view.assign(aRequest([1, 2, 3, 4]), 'b');
    expect(order(aRequest([1, 2, 3, 4, 5]), view)).toEqual(['b', 'c', 'a']);
  });

  it('begin with the one that had least to do when none holds anything', () => {
    const view = aView('a', 'b', 'c');
    view.assign(aRequest([1, 2, 3]), 'a');
    view.assign(aRequest([7]), 'b');
    expect(order(aRequest([9]), view)).toEqual(['c', 'b', 'a']);
  });

  it('are in the order of their ids where nothing else decides', () => {
    expect(order(aRequest([9]), aView('c', 'a', 'd', 'b'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leave the one that holds it while that is overloaded', () => {
    const view = aView('a', 'b');
    view.assign(aRequest([1, 2, 3]), 'b');
    view.report(aReplica('b', { queuedPrefillTokens: 500_000 }));
    expect(order(aRequest([1, 2, 3, 4, 5, 6, 7]), view)).toEqual(['a', 'b']);
  });

  it('end with the full ones and then with those that failed lately, however much they hold', () => {
    const view = aView(aReplica('a', { isAvoided: true }), aReplica('b', { running: 8 }), 'c');
    view.assign(aRequest([1, 2]), 'a');
    view.assign(aRequest([1]), 'b');
    expect(order(aRequest([1, 2]), view)).toEqual(['c', 'b', 'a']);
  });

  it('spread a prompt that all requests share, and keep its conversations where they are', () => {
    const replicas = ['a', 'b', 'c', 'd'];
    const view = aView(...replicas.map((replicaId) => aReplica(replicaId, { cacheTokens: 100_000 })));
    const system = range(1, 6);
    const sent = range(0, 79).map((conversation) => {
      const request = aRequest([...system, 100 + 2 * conversation, 101 + 2 * conversation]);
      const [first] = order(request, view);
      view.assign(request, first!);
      return first;
    });
    const shares = replicas.map((replicaId) => sent.filter((each) => each === replicaId).length);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(12);
    expect(order(aRequest([...system, 100 + 2 * 50, 101 + 2 * 50, 999]), view)[0]).toBe(sent[50]);
  });

  it('are the best twenty of many', () => {
    const view = aView(...range(10, 59).map((number) => `r${number}`));
    view.assign(aRequest([1, 2, 3]), 'r47');
    const ranked = order(aRequest([1, 2, 3]), view);
    expect(ranked).toHaveLength(20);
    expect(ranked.slice(0, 3)).toEqual(['r47', 'r10', 'r11']);
  });

  it('refuse a request that makes no sense', () => {
    expect(() => order(aRequest([1], { inputTokens: Number.NaN }), aView('a'))).toThrow('inputTokens must be');
    expect(() => order(aRequest([1], { inputTokens: -5 }), aView('a'))).toThrow('inputTokens must be');
    expect(() => order(aRequest([], { blocks: new Uint32Array(3) }), aView('a'))).toThrow('two words a block');
    expect(() => order(aRequest([], { sessionHash: 1.5 }), aView('a'))).toThrow('sessionHash must be');
  });
});

describe('the explanation', () => {
  it('says what was chosen, what lost on what, and who was refused', () => {
    const view = aView('a', 'b', aReplica('c', { country: 'US' }), aReplica('d', { isHealthy: false }));
    view.assign(aRequest([1, 2, 3]), 'b');
    const request = aRequest([1, 2, 3, 4], { residency: { ...ANYWHERE, countries: ['FR', 'DE'] } });
    const decision = decide(request, view, DEFAULT_PROFILE);
    expect(decision.replicas).toEqual(route(request, view, DEFAULT_PROFILE));
    expect(explain(decision)).toBe(
      [
        'The request goes to replica b.',
        'It scored 134985: prefix-affinity 750 x 100, session-affinity 0 x 20, adapter-loaded 0 x 100, headroom 1000 x 50, even-work 997 x 5, fewest-running 1000 x 5, home-gateway 0 x 2.',
        'Next is a with 60000: it lost 75000 on prefix-affinity.',
        'residency-allowed refused 1, for example: replica c has country US, only FR, DE allowed.',
        'healthy refused 1, for example: replica d is not healthy.',
        'Decided among 4 replicas with profile default, engine routing/1.',
      ].join('\n'),
    );
  });

  it('says who else there is', () => {
    const words = (view: RoutingView) => explain(decide(aRequest([1]), view, DEFAULT_PROFILE));
    expect(words(aView('a'))).toContain('No other one may serve it.');
    expect(words(aView('a', 'b'))).toContain('Next is b with 60000, as much; the lower id decided.');
    expect(words(aView('a', aReplica('b', { running: 8 })))).toContain('Next is b (full, so behind the open ones)');
    expect(words(aView())).toContain('there are no replicas. Raise the minimum of the deployment.');
    expect(words(aView(aReplica('a', { isHealthy: false })))).toContain('none of 1 replica may serve it');
  });
});
