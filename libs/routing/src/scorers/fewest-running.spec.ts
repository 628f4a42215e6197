import { aReplica, aRequest, aView, scoresOf } from '../../test/builders.ts';
import { fewestRunning } from './fewest-running.ts';

describe('fewest-running', () => {
  it.each([
    { replica: { running: 0 }, score: 1000 },
    { replica: { running: 2 }, score: 750 },
    { replica: { running: 9 }, score: 0 },
    { replica: { running: 0, concurrency: 0 }, score: 1000 },
    { replica: { running: 24, concurrency: 0 }, score: 250 },
  ])('$replica: $score', ({ replica, score }) => {
    expect(scoresOf(fewestRunning, aRequest(), aView(aReplica('a', replica)))).toEqual({ a: score });
  });
});
