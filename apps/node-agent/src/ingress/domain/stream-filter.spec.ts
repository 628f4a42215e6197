import fc from 'fast-check';
import type { ClientWish } from './client-wish.ts';
import { rewriteRequest } from './client-wish.ts';
import { StreamFilter } from './stream-filter.ts';

const plain: ClientWish = { model: 'acme/m', isStream: true, wantsUsage: false, wantsRunningUsage: false };

const usage = (tokens: number) => ({
  prompt_tokens: 7,
  completion_tokens: tokens,
  prompt_tokens_details: { cached_tokens: 2 },
});
const chunk = (tokens: number, finish: string | null = null) => ({
  model: 'm',
  choices: [{ index: 0, delta: { content: 'é' }, finish_reason: finish }],
  usage: usage(tokens),
});
const engineStream = Buffer.from(
  [chunk(1), chunk(2), chunk(3, 'stop'), { model: 'm', choices: [], usage: usage(3) }, '[DONE]']
    .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
    .join(''),
);

function seen(wish: ClientWish, bytes: Buffer, cuts: readonly number[] = []) {
  const filter = new StreamFilter(wish);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const pieces = at.slice(1).flatMap((end, piece) => filter.push(bytes.subarray(at[piece], end)));
  pieces.push(...filter.end());
  const text = Buffer.concat(pieces.map((piece) => piece.bytes)).toString();
  const events = text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)) as Record<string, unknown>);
  return { filter, pieces, text, events };
}

describe('StreamFilter', () => {
  it('shows a client that asked for nothing no usage, and its own name for the model', () => {
    const { filter, events, text } = seen(plain, engineStream);
    expect(events).toHaveLength(3);
    expect(events.every((event) => event['model'] === 'acme/m' && !('usage' in event))).toBe(true);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(filter).toMatchObject({ isWhole: true, hasFailed: false, finishReason: 'stop' });
    expect(filter.usage).toEqual({ inputTokens: 7, cachedInputTokens: 2, outputTokens: 3 });
  });

  it('shows usage as OpenAI does to a client that asked for it', () => {
    const { events } = seen({ ...plain, wantsUsage: true }, engineStream);
    expect(events.map((event) => event['usage'])).toEqual([null, null, null, usage(3)]);
  });

  it('shows running usage to a client that asked for that', () => {
    const { events } = seen({ ...plain, wantsUsage: true, wantsRunningUsage: true }, engineStream);
    expect(events.map((event) => event['usage'])).toEqual([usage(1), usage(2), usage(3), usage(3)]);
  });

  it('counts tokens at each piece, and gives the same bytes wherever the stream is cut', () => {
    const whole = seen(plain, engineStream);
    expect(whole.pieces.map((piece) => piece.outputTokens)).toEqual([1, 2, 3, 3]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
        expect(seen(plain, engineStream, cuts).text).toBe(whole.text);
      }),
    );
  });

  it('knows a stream that broke off, and one that ended in an error', () => {
    expect(seen(plain, engineStream.subarray(0, 200)).filter).toMatchObject({ isWhole: false, hasFailed: false });
    const unfinished = seen(plain, Buffer.from('data: {"model":"m"}\n\ndata: [DONE]'));
    expect(unfinished.filter.isWhole).toBe(true);
    const failed = seen(plain, Buffer.from('data: {"error":{"code":"replica_drained"}}\n\n'));
    expect(failed.filter).toMatchObject({ isWhole: false, hasFailed: true });
    expect(failed.text).toContain('replica_drained');
  });
});

describe('rewriteRequest', () => {
  it('asks the engine for running usage whatever the client asked for, and remembers what that was', () => {
    expect(rewriteRequest({ model: 'acme/m', stream: true }, 'm')).toEqual({
      body: { model: 'm', stream: true, stream_options: { include_usage: true, continuous_usage_stats: true } },
      wish: plain,
    });
    const asked = { model: 'acme/m', stream: true, stream_options: { include_usage: true, other: 1 } };
    expect(rewriteRequest(asked, 'm')).toMatchObject({
      body: { stream_options: { include_usage: true, continuous_usage_stats: true, other: 1 } },
      wish: { wantsUsage: true, wantsRunningUsage: false },
    });
  });

  it('leaves a request for a whole answer as it is, but for the name', () => {
    expect(rewriteRequest({ model: 'acme/m', prompt: 'x' }, 'm').body).toEqual({ model: 'm', prompt: 'x' });
  });
});
