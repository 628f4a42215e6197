import { aReplica, aRequest } from '../../test/builders.ts';
import { untried } from './untried.ts';

describe('untried', () => {
  it('refuses the replicas that the request was sent to', () => {
    const passes = untried.prepare(aRequest([], { tried: new Set(['a']) }))!;
    expect(['a', 'b'].map((replicaId) => passes(aReplica(replicaId)))).toEqual([false, true]);
  });

  it.each([undefined, new Set<string>()])('has nothing against anybody at the first try', (tried) => {
    expect(untried.prepare(aRequest([], tried && { tried }))).toBeUndefined();
  });
});
