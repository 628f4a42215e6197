import { aReplica, aRequest, aView, scoresOf } from '../../test/builders.ts';
import { homeGateway } from './home-gateway.ts';

describe('home-gateway', () => {
  const replicas = ['e', 'a', 'd', 'b', 'c'].map((replicaId) => aReplica(replicaId));

  it('is for every n-th replica by id, so that gateways share them out', () => {
    const view = aView();
    const homes = [0, 1].map((at) => {
      view.observe(replicas, { at, count: 2 });
      return scoresOf(homeGateway, aRequest(), view);
    });
    expect(homes).toEqual([
      { a: 1000, b: 0, c: 1000, d: 0, e: 1000 },
      { a: 0, b: 1000, c: 0, d: 1000, e: 0 },
    ]);
  });

  it('is nothing to a gateway that is alone', () => {
    expect(scoresOf(homeGateway, aRequest(), aView('a', 'b'))).toEqual({ a: 0, b: 0 });
  });
});
