import { aReplica, aRequest, aView, scoresOf } from '../../test/builders.ts';
import { headroom } from './headroom.ts';

describe('headroom', () => {
  it.each([
    { replica: {}, score: 1000 },
    { replica: { queuedPrefillTokens: 100_000 }, score: 1000 },
    { replica: { queuedPrefillTokens: 150_000 }, score: 500 },
    { replica: { queuedPrefillTokens: 900_000 }, score: 0 },
    { replica: { running: 4 }, score: 1000 },
    { replica: { running: 6 }, score: 500 },
    { replica: { running: 8 }, score: 0 },
    { replica: { running: 99, concurrency: 0 }, score: 1000 },
    { replica: { kvUsedMilli: 800 }, score: 1000 },
    { replica: { kvUsedMilli: 900 }, score: 500 },
    { replica: { kvUsedMilli: 1000 }, score: 0 },
    { replica: { kvUsedMilli: 850, running: 6 }, score: 500 },
  ])('$replica: $score', ({ replica, score }) => {
    expect(scoresOf(headroom, aRequest(), aView(aReplica('a', replica)))).toEqual({ a: score });
  });
});
