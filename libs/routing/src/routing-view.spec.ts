import { aReplica, aRequest, aView } from '../test/builders.ts';
import { DEFAULT_PROFILE } from './profile.ts';
import { route } from './route.ts';
import { RoutingView } from './routing-view.ts';

const best = (view: RoutingView, ids: readonly number[] = [], tokens = ids.length * 100) =>
  route(aRequest(ids, { inputTokens: tokens }), view, DEFAULT_PROFILE)[0]?.replicaId;

describe('what a gateway knows of replicas', () => {
  it('remembers what they hold across reports', () => {
    const view = aView('a', 'b');
    expect(view.assign(aRequest([1, 2, 3]), 'b')).toBe(0);
    view.observe([aReplica('b', { running: 2 }), aReplica('a')]);
    expect(best(view, [1, 2, 3])).toBe('b');
    expect(view.assign(aRequest([1, 2, 3, 4]), 'b')).toBe(300);
  });

  it('forgets who has left, and who comes back starts anew', () => {
    const view = aView('a', 'b');
    view.assign(aRequest([1, 2, 3]), 'b');
    view.observe([aReplica('a')]);
    expect(best(view, [1, 2, 3])).toBe('a');
    view.observe([aReplica('a'), aReplica('c')]);
    expect(view.assign(aRequest([1, 2, 3]), 'c')).toBe(0);
    view.observe([aReplica('a'), aReplica('b'), aReplica('c')]);
    expect(view.assign(aRequest([1, 2, 3]), 'b')).toBe(0);
  });

  it('does not flood who is new: it has the work of the average replica', () => {
    const view = aView('a', 'b');
    for (let at = 0; at < 3; at += 1) view.assign(aRequest([], { inputTokens: 30_000 }), 'a');
    for (let at = 0; at < 3; at += 1) view.assign(aRequest([], { inputTokens: 10_000 }), 'b');
    view.observe([aReplica('a'), aReplica('b'), aReplica('new')]);
    expect(view.work[view.replicas.findIndex((replica) => replica?.replicaId === 'new')]).toBe(60_000);
    expect(best(view, [], 1_000)).toBe('b');
  });

  it('believes no more than the cache of a replica takes', () => {
    const view = aView(aReplica('a', { cacheTokens: 250 }));
    view.assign(aRequest([1, 2, 3]), 'a');
    expect(view.assign(aRequest([1, 2, 3]), 'a')).toBe(200);
    view.report(aReplica('a', { cacheTokens: 100 }));
    expect(view.assign(aRequest([1, 2, 3]), 'a')).toBe(100);
  });

  it('learns from others what is cached, but neither their work nor who is unknown', () => {
    const view = aView('a', 'b');
    view.learn(aRequest([1, 2]).blocks, 'b');
    view.learn(aRequest([1, 2]).blocks, 'gone');
    view.report(aReplica('gone'));
    expect(best(view, [1, 2])).toBe('b');
    expect(view.work).toEqual([0, 0]);
  });

  it('keeps its memory bounded however long it runs', () => {
    const view = aView('a', 'b');
    const load = (from: number) => {
      for (let at = from; at < from + 20_000; at += 1) {
        const request = aRequest([at * 3, at * 3 + 1, at * 3 + 2], { sessionHash: at, adapter: `adapter-${at}` });
        view.assign(request, at % 2 ? 'a' : 'b');
      }
      return view.index.bytes;
    };
    expect(load(20_000)).toBe(load(0));
  });

  it.each([
    [{ running: -1 }, 'replica a: running must be a whole number from 0 to 1000000, not -1'],
    [{ queuedPrefillTokens: Number.NaN }, 'replica a: queuedPrefillTokens must be'],
    [{ kvUsedMilli: 1_001 }, 'replica a: kvUsedMilli must be a whole number from 0 to 1000, not 1001'],
    [{ cacheTokens: Infinity }, 'replica a: cacheTokens must be'],
    [{ prefillTokensElsewhere: 0.5 }, 'replica a: prefillTokensElsewhere must be'],
  ])('refuses %p', (replica, message) => {
    expect(() => aView(aReplica('a', replica))).toThrow(message);
  });

  it('refuses an id given twice, a replica nobody observed, and blocks of no size', () => {
    expect(() => aView('a', 'a')).toThrow('names a replica twice');
    expect(() => aView('a').assign(aRequest(), 'b')).toThrow('b is not among the replicas observed last');
    expect(() => new RoutingView({ blockTokens: 0 })).toThrow('blockTokens must be a whole number of tokens');
  });
});
