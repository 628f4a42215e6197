import { aRequest, aView, range, scoresOf } from '../../test/builders.ts';
import { prefixAffinity } from './prefix-affinity.ts';

describe('prefix-affinity', () => {
  it('is the share of the prompt that is believed there', () => {
    const view = aView('a', 'b', 'c');
    view.assign(aRequest([1, 2, 3, 4]), 'a');
    view.assign(aRequest([1, 2]), 'b');
    expect(scoresOf(prefixAffinity, aRequest([1, 2, 3, 9]), view)).toEqual({ a: 750, b: 500, c: 0 });
  });

  it('counts no more than the prompt is long, as its last block need not be full', () => {
    const view = aView('a');
    view.assign(aRequest([1, 2]), 'a');
    expect(scoresOf(prefixAffinity, aRequest([1, 2], { inputTokens: 130 }), view)).toEqual({ a: 1000 });
  });

  it('is 0 for a prompt without tokens', () => {
    expect(scoresOf(prefixAffinity, aRequest([]), aView('a'))).toEqual({ a: 0 });
  });

  it('leaves out what every other request carries', () => {
    const view = aView('a', 'b');
    for (const conversation of range(100, 120)) view.assign(aRequest([1, 2, conversation]), 'a');
    expect(scoresOf(prefixAffinity, aRequest([1, 2, 9]), view)).toEqual({ a: 0, b: 0 });
    expect(scoresOf(prefixAffinity, aRequest([1, 2, 110]), view)).toEqual({ a: 1000, b: 0 });
  });
});
