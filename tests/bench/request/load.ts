import type { Dispatcher } from 'undici';

/** One place that answers OpenAI requests, and what it wants to be told with each. */
export interface Target {
  readonly pool: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Load {
  readonly concurrency: number;
  readonly seconds: number;
  readonly body: string;
  /** What a sample is: the time until the whole answer is there, or until the first byte of its body. */
  readonly until: 'end' | 'first-chunk';
}

export interface Measured {
  readonly samplesMs: readonly number[];
  readonly perSecond: number;
}

/** A closed loop: each of `concurrency` callers asks again as soon as it has its answer. Any refusal fails the run. */
export async function runLoad(target: Target, load: Load): Promise<Measured> {
  const samplesMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1_000;
  const caller = async () => {
    while (performance.now() < endsAt) samplesMs.push(await ask(target, load));
  };
  await Promise.all(Array.from({ length: load.concurrency }, caller));
  return { samplesMs, perSecond: (samplesMs.length * 1_000) / (performance.now() - startedAt) };
}

async function ask({ pool, headers }: Target, { body, until }: Load): Promise<number> {
  const startedAt = performance.now();
  const { statusCode, body: answer } = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  if (statusCode !== 200) throw new Error(`answered ${statusCode}: ${await answer.text()}`);
  let firstAt: number | undefined;
  for await (const _ of answer) firstAt ??= performance.now();
  if (firstAt === undefined) throw new Error('answered 200 without a body');
  return (until === 'first-chunk' ? firstAt : performance.now()) - startedAt;
}
