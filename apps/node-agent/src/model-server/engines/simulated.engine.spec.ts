import { manualClock } from '@ostro/kernel';
import type { Timer } from '../timer.ts';
import type { Step, Work } from './engine.ts';
import { SimulatedEngine } from './simulated.engine.ts';

/** Sleeping is what makes time pass. */
function virtualTimer(): Timer {
  const clock = manualClock();
  return {
    ...clock,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      clock.advance(ms);
    },
  };
}

function anEngine(timer: Timer, seed = 7): SimulatedEngine {
  return new SimulatedEngine(
    {
      slots: 2,
      contextTokens: 1000,
      embedding: false,
      seed,
      prefillTokensPerSecond: 100,
      decodeMsPerToken: 20,
      loadMs: 500,
    },
    timer,
  );
}

const sampling = { temperature: 0, topP: 1, topK: 0, seed: 1, presencePenalty: 0, frequencyPenalty: 0 };
const tokens = Array.from({ length: 200 }, (_, index) => index);
const work: Work = { slot: 0, tokens, maxTokens: 10, sampling };

async function run(engine: SimulatedEngine, asked: Work, signal = new AbortController().signal): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const step of engine.generate(asked, signal)) steps.push(step);
  return steps;
}

const textOf = (steps: readonly Step[]): string =>
  steps.map((step) => (step.kind === 'text' ? step.text : '')).join('');

describe('SimulatedEngine', () => {
  it('takes the time it was told to load, to read the prompt and to answer', async () => {
    const timer = virtualTimer();
    const engine = anEngine(timer);
    await engine.load(() => undefined);
    expect(timer.monotonicMs()).toBeCloseTo(500);
    await run(engine, work);
    expect(timer.monotonicMs()).toBeCloseTo(500 + 2000 + 10 * 20);
  });

  it('reads only what the slot does not hold yet', async () => {
    const timer = virtualTimer();
    const engine = anEngine(timer);
    await run(engine, work);
    const before = timer.monotonicMs();
    const [first] = await run(engine, work);
    expect(first).toEqual({ kind: 'prompt', cachedTokens: 199 });
    expect(timer.monotonicMs() - before).toBeCloseTo(10 + 10 * 20);
  });

  it('says the same for the same seed, and otherwise for another seed, prompt or luck', async () => {
    const answers = await Promise.all([
      run(anEngine(virtualTimer()), work),
      run(anEngine(virtualTimer()), { ...work, slot: 1 }),
      run(anEngine(virtualTimer(), 8), work),
      run(anEngine(virtualTimer()), { ...work, tokens: [1, 2, 3] }),
      run(anEngine(virtualTimer()), { ...work, sampling: { ...sampling, temperature: 1 } }),
    ]);
    const [first, again, ...others] = answers.map(textOf);
    expect(again).toBe(first);
    for (const other of others) expect(other).not.toBe(first);
  });

  it('stops within one piece of prefill when it is aborted', async () => {
    const timer = virtualTimer();
    const cancel = new AbortController();
    const steps = anEngine(timer).generate(work, cancel.signal);
    await steps.next();
    cancel.abort(new Error('left'));
    await expect(steps.next()).rejects.toThrow('left');
    expect(timer.monotonicMs()).toBe(0);
  });
});
