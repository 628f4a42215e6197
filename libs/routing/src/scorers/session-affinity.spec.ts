import { aRequest, aView, range, scoresOf } from '../../test/builders.ts';
import { sessionAffinity } from './session-affinity.ts';

describe('session-affinity', () => {
  it('is for the replica that served the session, whatever it asked there', () => {
    const view = aView('a', 'b');
    view.assign(aRequest([1], { sessionHash: 7 }), 'b');
    expect(scoresOf(sessionAffinity, aRequest([2], { sessionHash: 7 }), view)).toEqual({ a: 0, b: 1000 });
    expect(scoresOf(sessionAffinity, aRequest([1], { sessionHash: 8 }), view)).toEqual({ a: 0, b: 0 });
    expect(scoresOf(sessionAffinity, aRequest([1]), view)).toEqual({ a: 0, b: 0 });
  });

  it('binds no client that calls everything one session', () => {
    const view = aView('a', 'b');
    for (const id of range(1, 20)) view.assign(aRequest([id], { sessionHash: 7 }), 'a');
    expect(scoresOf(sessionAffinity, aRequest([30], { sessionHash: 7 }), view)).toEqual({ a: 0, b: 0 });
  });
});
