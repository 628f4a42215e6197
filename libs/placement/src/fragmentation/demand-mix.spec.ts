import { asking, GIB } from '../../test/builders.ts';
import { DemandEstimator, PRIOR_DEMAND } from './demand-mix.ts';

describe('DemandEstimator', () => {
  it('counts requests by what they ask, most frequent first, beside the prior', () => {
    const estimator = new DemandEstimator();
    estimator.observe(asking({ memoryBytesEach: 10 * GIB }));
    estimator.observe(asking({ models: ['L40S', 'A100', 'L40S'] }));
    estimator.observe(asking({ models: ['A100', 'L40S'] }));
    const seen = estimator.mix().slice(0, -PRIOR_DEMAND.length);
    expect(seen.map(({ models, arrivals }) => ({ models, arrivals }))).toEqual([
      { models: ['A100', 'L40S'], arrivals: 2 },
      { models: [], arrivals: 1 },
    ]);
  });

  it('answers a mix when much has been learned', () => {
    const estimator = new DemandEstimator();
    const at = Array.from({ length: 2000 }, (_, index) => (estimator.observe(asking({})) ? index + 1 : 0));
    expect(at.filter((arrivals) => arrivals > 0)).toEqual([1, 16, 64, 256, 1024]);
  });

  it('does not depend on the order of arrival', () => {
    const requests = [10, 20, 30, 20].map((gib) => asking({ memoryBytesEach: gib * GIB }));
    const [forth, back] = [requests, requests.toReversed()].map((all) => {
      const estimator = new DemandEstimator();
      for (const each of all) estimator.observe(each);
      return estimator.mix();
    });
    expect(forth).toEqual(back);
  });

  it('forgets half of the past when there is too much of it', () => {
    const estimator = new DemandEstimator();
    for (let at = 0; at < 2 ** 16; at += 1) estimator.observe(asking({ memoryBytesEach: at === 0 ? 1 : 2 }));
    expect(estimator.mix()[0]).toMatchObject({ memoryBytesEach: 2, arrivals: 2 ** 15 - 1 });
    expect(estimator.mix()).toHaveLength(1 + PRIOR_DEMAND.length);
  });

  it('remembers a bounded number of kinds', () => {
    const estimator = new DemandEstimator();
    for (let at = 0; at < 10_000; at += 1) estimator.observe(asking({ memoryBytesEach: at + 1 }));
    expect(estimator.mix().length).toBeLessThan(4096 + PRIOR_DEMAND.length);
  });
});
