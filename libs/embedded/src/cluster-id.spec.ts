import { randomClusterId } from './cluster-id.ts';

describe('the id of a new cluster', () => {
  it('is one that Kafka’s command line takes for a value, always', () => {
    const ids = Array.from({ length: 5_000 }, randomClusterId);
    expect(ids.filter((id) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/.test(id))).toEqual([]);
  });
});
