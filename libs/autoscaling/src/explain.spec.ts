import { aPolicy, decideAll, SECOND_MS } from '../test/builders.ts';
import { explain } from './explain.ts';

describe('explain', () => {
  it('says what was decided, by which rules, and where idle replicas belong', () => {
    const [, decision] = decideAll(aPolicy({ targetConcurrency: 2, idle: { eurosPerSavedSecond: 0.01 } }), [
      [0, { running: 3, arrivals: 3, readyReplicas: 2 }],
      [10 * SECOND_MS, { running: 1, waiting: 1, oldestWaitMs: 2_000, arrivals: 0, readyReplicas: 2 }],
    ]);
    expect(explain(decision!)).toBe(
      [
        '3 replicas wanted.',
        'concurrency: 1, 2 requests at 2 a replica.',
        'queue-wait: 3, 1 wait, the oldest for 2000 ms.',
        'A saved second is worth 10000 micro-euro.',
        'Decided by engine autoscaling/1.',
      ].join('\n'),
    );
  });

  it('gives the reason of a hold, the chance of a return and the error of the forecast', () => {
    const [, decision] = decideAll(aPolicy({ idle: { idleMs: 5_000 } }), [
      [0, { running: 1, arrivals: 1, readyReplicas: 1 }],
      [SECOND_MS, { readyReplicas: 1, oldestWaitMs: Number.NaN }],
    ]);
    const text = explain({
      ...decision!,
      explanation: { ...decision!.explanation, forecastError: { forecasts: 7, brierMilli: 100, baselineMilli: 200 } },
    });
    expect(text).toContain('Replica 1, idle for 0 s, belongs in vram: needed again within a minute in');
    expect(text).toContain('7 forecasts had a Brier score of 100, a constant one 200.');
  });
});
