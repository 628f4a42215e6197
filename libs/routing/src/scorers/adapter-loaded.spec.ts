import { aReplica, aRequest, aView, scoresOf } from '../../test/builders.ts';
import { adapterLoaded } from './adapter-loaded.ts';

describe('adapter-loaded', () => {
  it('is for the replicas that report the weights or were sent a request for them', () => {
    const view = aView(aReplica('a', { adapters: ['legal', 'sql'] }), 'b', 'c');
    view.assign(aRequest([1], { adapter: 'legal' }), 'c');
    expect(scoresOf(adapterLoaded, aRequest([2], { adapter: 'legal' }), view)).toEqual({ a: 1000, b: 0, c: 1000 });
    expect(scoresOf(adapterLoaded, aRequest([2], { adapter: 'sql' }), view)).toEqual({ a: 1000, b: 0, c: 0 });
    expect(scoresOf(adapterLoaded, aRequest([2]), view)).toEqual({ a: 0, b: 0, c: 0 });
  });
});
