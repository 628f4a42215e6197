import { aReplica, aRequest, aView, range, scoresOf } from '../../test/builders.ts';
import { conversationHome } from './conversation-home.ts';

const homeOf = (scores: Record<string, number>) =>
  Object.entries(scores).reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0])[0];

describe('conversation-home', () => {
  const ids = ['a', 'b', 'c', 'd'];

  it('is the same for gateways that know nothing of each other, and as long as the conversation', () => {
    const [one, other] = [aView(...ids), aView(...[...ids].reverse())];
    other.assign(aRequest([77]), 'c');
    const homes = range(1, 40).map((first) => {
      const home = homeOf(scoresOf(conversationHome, aRequest([first]), one));
      expect(homeOf(scoresOf(conversationHome, aRequest([first, 1_000 + first]), other))).toBe(home);
      return home;
    });
    expect(new Set(homes)).toEqual(new Set(ids));
  });

  it('moves only those conversations that go to a replica which is new', () => {
    const [before, after] = [aView(...ids), aView(...ids, 'e')];
    const moved = range(1, 200).filter((first) => {
      const [from, to] = [before, after].map((view) => homeOf(scoresOf(conversationHome, aRequest([first]), view)));
      if (from !== to) expect(to).toBe('e');
      return from !== to;
    });
    expect(moved.length).toBeGreaterThan(20);
    expect(moved.length).toBeLessThan(60);
  });

  it('is nowhere that is far ahead of the others', () => {
    const view = aView(...ids);
    const home = homeOf(scoresOf(conversationHome, aRequest([5]), view));
    view.report(aReplica(home, { prefillTokensElsewhere: 66_000 }));
    expect(scoresOf(conversationHome, aRequest([5]), view)[home]).toBeGreaterThan(0);
    view.report(aReplica(home, { prefillTokensElsewhere: 67_000 }));
    expect(scoresOf(conversationHome, aRequest([5]), view)[home]).toBe(0);
  });

  it('goes by the first block that is not common, and is nothing without one', () => {
    const view = aView(...ids);
    for (const conversation of range(100, 119)) view.assign(aRequest([1, conversation]), 'a');
    const homes = range(100, 119).map((first) => homeOf(scoresOf(conversationHome, aRequest([1, first]), view)));
    expect(new Set(homes).size).toBeGreaterThan(2);
    expect(homeOf(scoresOf(conversationHome, aRequest([1]), view))).toBe('');
  });
});
