import { SeededRandom } from '@ostro/kernel';
import { GPU_ALONE, PLAIN } from '../../test/builders.ts';
import type { BatchingSpec } from '../scenario.ts';
import { type ClosedLoop, runClosedLoop } from './closed-loop.ts';
import type { Coefficients } from './coefficients.ts';
import { engineFactory } from './create-engine.ts';
import type { Engine, EngineRequest } from './engine.ts';
import { GPU_DATA_SHEETS } from './gpu.ts';
import { IterationModel } from './iteration-model.ts';
import { engineModel } from './model-catalogue.ts';

const SPEC: BatchingSpec = {
  kind: 'batching',
  engine: 'vllm',
  model: 'Llama-3.1-8B',
  gpu: 'H100-80GB',
  tensorParallel: 1,
};
const BLOCK = 512;
const LOOP: ClosedLoop = {
  clients: 16,
  requests: 160,
  inputTokens: 1000,
  outputTokens: 200,
  shares: [0.8, 1],
  seed: 1,
};

function anEngine(coefficients: Coefficients = GPU_ALONE, overrides: Partial<BatchingSpec> = {}): Engine {
  return engineFactory({ ...SPEC, coefficients, ...overrides }, BLOCK).create();
}

const model = new IterationModel(
  engineModel('Llama-3.1-8B'),
  GPU_DATA_SHEETS['H100-80GB']!,
  { tensorParallel: 1, dataParallel: 1, precision: 'bf16' },
  GPU_ALONE,
);

describe('one request alone', () => {
  it('takes one prefill to its first token and one iteration for each token after it', () => {
    const { first, finished } = run(anEngine(), [[0, { id: 7, inputTokens: 1000, outputTokens: 3 }]]);
    const prefill = model.iterationMs({
      prefillTokens: 1000,
      attentionPairs: 500_000,
      decodeSequences: 0,
      contextTokens: 0,
    });
    const decode = 2 * model.decodeMs(1) + (1000 + 1001) * model.kvMsPerToken;
    expect(first.get(7)).toBeCloseTo(prefill, 9);
    expect(finished.get(7)).toBeCloseTo(prefill + decode, 9);
  });

  it('with one token of output ends with its first', () => {
    const { first, finished } = run(anEngine(), [[0, { id: 1, inputTokens: 10, outputTokens: 1 }]]);
    expect(finished.get(1)).toBe(first.get(1));
  });
});

describe('a jump over equal iterations', () => {
  it('is their sum: looking at the engine between them changes nothing', () => {
    const random = new SeededRandom(3);
    const requests = Array.from({ length: 200 }, (_, id): [number, EngineRequest] => [
      random.below(20_000),
      { id, inputTokens: 1 + random.below(3000), outputTokens: 1 + random.below(400) },
    ]).sort((a, b) => a[0] - b[0]);
    const whole = run(anEngine(PLAIN), requests);
    const looked = run(anEngine(PLAIN), requests, 7);
    expect(whole.finished.size).toBe(200);
    expect([...looked.finished]).toEqual([...whole.finished]);
    expect([...looked.first]).toEqual([...whole.first]);
  });

  it('is cut by an arrival at the end of the iteration it falls into', () => {
    const step = model.decodeMs(1) + 1100 * model.kvMsPerToken;
    const { first } = run(anEngine(), [
      [0, { id: 1, inputTokens: 1000, outputTokens: 2000 }],
      [2000, { id: 2, inputTokens: 16, outputTokens: 1 }],
    ]);
    const alone = run(anEngine(), [[2000, { id: 2, inputTokens: 16, outputTokens: 1 }]]).first.get(2)! - 2000;
    expect(first.get(2)! - 2000).toBeGreaterThan(alone);
    expect(first.get(2)! - 2000).toBeLessThan(alone + 3 * step);
  });
});

describe('the steady state of a closed loop', () => {
  // Per token: one decode iteration over the mean context, and this client's share of the others' prefills.
  it.each([4, 16, 64])('agrees with its closed form for %i clients', (clients) => {
    const inputTokens = 1000;
    const outputTokens = 400;
    const loop = { ...LOOP, clients, requests: clients * 20, inputTokens, outputTokens, shares: [0.9, 1.1] } as const;
    const { meanTpotMs } = runClosedLoop(anEngine(), loop);
    const context = clients * (inputTokens + outputTokens / 2);
    const decode = model.decodeMs(clients) + context * model.kvMsPerToken;
    const shared = { decodeSequences: clients, contextTokens: context };
    const prefill = model.iterationMs({ prefillTokens: inputTokens, attentionPairs: inputTokens ** 2 / 2, ...shared });
    const expected = decode + ((clients - 1) * (prefill - decode)) / outputTokens;
    expect(Math.abs(meanTpotMs / expected - 1)).toBeLessThan(0.05);
  });
});

describe('the KV cache', () => {
  const long = { ...LOOP, inputTokens: 8000, outputTokens: 1000 };

  it('makes a cliff where it is exhausted: the first token comes tens of seconds later', () => {
    const at = (clients: number) => runClosedLoop(anEngine(), { ...long, clients, requests: clients * 10 });
    const before = at(32);
    const after = at(128);
    expect(before.meanTtftMs).toBeLessThan(6000);
    expect(after.meanTtftMs).toBeGreaterThan(30_000);
    expect(before.preemptions).toBe(0);
    expect(after.preemptions).toBeGreaterThan(0);
    // Throughput, and so the time per token, has long stopped changing.
    expect(after.meanTpotMs / at(64).meanTpotMs).toBeLessThan(1.3);
  });

  // Measured: 3,132 ms and 39,807 ms (vLLM, 8,192 tokens in, 1,024 out).
  it('is exhausted where it was on a real server: Llama-3.1-70B on one H200, between 32 and 64 clients', () => {
    const spec: BatchingSpec = {
      kind: 'batching',
      engine: 'vllm',
      model: 'Llama-3.1-70B',
      gpu: 'H200-141GB',
      precision: 'fp8',
      tensorParallel: 1,
    };
    const at = (clients: number) =>
      runClosedLoop(engineFactory(spec, BLOCK).create(), {
        ...LOOP,
        inputTokens: 8192,
        outputTokens: 1024,
        clients,
        requests: clients * 10,
      }).meanTtftMs;
    expect(Math.abs(at(32) / 3132 - 1)).toBeLessThan(0.25);
    expect(Math.abs(at(64) / 39_807 - 1)).toBeLessThan(0.25);
  });

  it('never preempts where answers are reserved, and the cliff is there all the same', () => {
    const { preemptions, meanTtftMs } = runClosedLoop(anEngine(GPU_ALONE, { engine: 'trtllm' }), {
      ...long,
      clients: 128,
      requests: 640,
    });
    expect(preemptions).toBe(0);
    expect(meanTtftMs).toBeGreaterThan(30_000);
  });

  it('is never overfull, and every request ends, however it was preempted', () => {
    const engine = anEngine({ ...GPU_ALONE, memoryShare: 0.24 });
    const pool = engine.cacheTokens;
    expect(pool).toBeLessThan(30_000);
    const requests = Array.from({ length: 60 }, (_, id): [number, EngineRequest] => [
      id * 10,
      { id, inputTokens: 2000, outputTokens: 1000, prefixBlocks: [1, 2, 100 + id] },
    ]);
    const { finished, firsts, mostKvMilli } = run(engine, requests, 50);
    expect(finished.size).toBe(60);
    // What a preempted request has said already it does not say again.
    expect(firsts).toBe(60);
    expect(mostKvMilli).toBeLessThanOrEqual(1000);
    expect(engine.load()).toMatchObject({ running: 0, waiting: 0, queuedPrefillTokens: 0, kvUsedMilli: 0 });
    expect(engine.load().preemptions).toBeGreaterThan(0);
  });
});

describe('the prefix cache', () => {
  it('saves the prefill of blocks that were computed before', () => {
    const same = { inputTokens: 2048, outputTokens: 1, prefixBlocks: [1, 2, 3, 4] };
    const { first, cached } = run(anEngine(), [
      [0, { id: 1, ...same }],
      [5000, { id: 2, ...same, prefixBlocks: [1, 2, 8, 9] }],
      [9000, { id: 3, ...same }],
    ]);
    expect([cached.get(1), cached.get(2), cached.get(3)]).toEqual([0, 1024, 2047]);
    expect(first.get(3)! - 9000).toBeLessThan((first.get(2)! - 5000) / 2);
  });
});

describe('an engine that prefills first', () => {
  it('lets decoding stand still meanwhile, where a mixed one decodes along', () => {
    const requests: [number, EngineRequest][] = [
      [0, { id: 1, inputTokens: 16, outputTokens: 500 }],
      [500, { id: 2, inputTokens: 4000, outputTokens: 1 }],
    ];
    const mixed = run(anEngine(GPU_ALONE), requests).finished.get(1)!;
    const apart = run(anEngine(GPU_ALONE, { engine: 'sglang' }), requests).finished.get(1)!;
    expect(apart - mixed).toBeGreaterThan(0.9 * model.decodeMs(1));
    expect(apart - mixed).toBeLessThan(1.1 * model.decodeMs(1));
  });
});

describe('the process before the engine', () => {
  it('lets the first token wait when tokens come faster than it can write them', () => {
    const at = (tokenSerialMs: number) =>
      runClosedLoop(anEngine({ ...GPU_ALONE, tokenSerialMs }), { ...LOOP, clients: 128, requests: 640 }).meanTtftMs;
    expect(at(0.2)).toBeGreaterThan(2 * at(0.001));
  });
});

describe('what it refuses', () => {
  it.each([
    ['longer than the context', { contextTokens: 1000 }, /more than the context of 1000/],
    ['longer than the KV cache', { model: 'Llama-3.1-8B' }, /more than the KV cache of \d+/],
  ])('%s', (_, overrides, message) => {
    const engine = anEngine({ ...GPU_ALONE, memoryShare: 0.21 }, overrides);
    const request = { id: 1, inputTokens: 20_000, outputTokens: 2000 };
    expect(engine.refusal(request)).toMatch(message);
    expect(() => engine.submit(request, 0)).toThrow(message);
  });
});

/** Submits at the given times, looking every `everyMs` in between when given. */
function run(engine: Engine, requests: readonly (readonly [number, EngineRequest])[], everyMs?: number) {
  const first = new Map<number, number>();
  const cached = new Map<number, number>();
  const finished = new Map<number, number>();
  let firsts = 0;
  let mostKvMilli = 0;
  const listener = {
    firstToken: (id: number, atMs: number, cachedTokens: number) => {
      firsts += 1;
      first.set(id, atMs);
      cached.set(id, cachedTokens);
    },
    finished: (id: number, atMs: number) => void finished.set(id, atMs),
  };
  const advance = (untilMs: number, fromMs: number): void => {
    for (let at = fromMs; everyMs !== undefined && at < untilMs && engine.nextMs() < Infinity; at += everyMs) {
      engine.advance(at, listener);
      mostKvMilli = Math.max(mostKvMilli, engine.load().kvUsedMilli);
    }
    if (untilMs < Infinity) return engine.advance(untilMs, listener);
    while (engine.nextMs() < Infinity) engine.advance(engine.nextMs(), listener);
  };
  let nowMs = 0;
  for (const [atMs, request] of requests) {
    advance(atMs, nowMs);
    engine.submit(request, atMs);
    nowMs = atMs;
  }
  advance(Infinity, nowMs);
  return { first, finished, cached, firsts, mostKvMilli };
}
