import fc from 'fast-check';
import { aKnownRoute, aReplica, aTarget } from '../../test/builders.ts';
import { type Admitted, admit, effectiveMaxOf } from './admission.ts';
import { type InferenceRequest, readRequest } from './inference-request.ts';
import { isRefusal } from './refusal.ts';

const chat = (content: string, more = {}) =>
  readRequest('chat', { model: 'tiny', messages: [{ role: 'user', content }], ...more }) as InferenceRequest;

const admitted = (request: InferenceRequest, target = aTarget([aReplica('a')])) =>
  admit(request, aKnownRoute('ept_1', { targets: [target] }), 0) as Admitted;

describe('the most a request may produce', () => {
  it.each([
    [undefined, {}, 128],
    [10, {}, 10],
    [9_999, {}, 512],
    [undefined, { defaultMaxOutputTokens: 0, maxOutputTokens: 0, contextTokens: 0 }, 4_096],
    [undefined, { defaultMaxOutputTokens: 1_000 }, 512],
    [9_999, { maxOutputTokens: 0 }, 2_048],
  ])('asked %j of %j is %i', (asked, target, expected) => {
    expect(effectiveMaxOf(asked, aTarget([], target))).toBe(expected);
  });

  it('is written into the body for the agent, and into no embedding', () => {
    expect(JSON.parse(admitted(chat('a', { max_completion_tokens: 7 })).body)).toMatchObject({ max_tokens: 7 });
    const embedding = readRequest('embedding', { model: 'tiny', input: 'a' }) as InferenceRequest;
    const { body, effectiveMax } = admitted(embedding, aTarget([aReplica('a')], { isEmbedding: true }));
    expect([effectiveMax, JSON.parse(body)]).toEqual([0, { model: 'tiny', input: 'a' }]);
  });
});

describe('the bound of a prompt', () => {
  it('is never below its UTF-8 bytes, and never above the context', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
        const { promptBound } = admitted(chat(text));
        expect(promptBound).toBeGreaterThanOrEqual(BigInt(Math.min(Buffer.byteLength(text), 2_048)));
        expect(promptBound).toBeLessThanOrEqual(2_048n);
      }),
    );
  });

  it('counts each input of an embedding', () => {
    const input = Array.from({ length: 3 }, () => 'x'.repeat(5_000));
    const embedding = readRequest('embedding', { model: 'tiny', input }) as InferenceRequest;
    expect(admitted(embedding, aTarget([aReplica('a')], { isEmbedding: true })).promptBound).toBe(3n * 2_048n);
  });
});

it('a cold route says why', () => {
  const route = aKnownRoute('ept_1', { cause: 'node_lost', targets: [aTarget([])] });
  const refusal = admit(chat('a'), route, 0);
  expect(isRefusal(refusal) && [refusal.status, refusal.retryAfterSeconds]).toEqual([503, 10]);
  expect(refusal).toHaveProperty('message', expect.stringContaining('its node was lost'));
});
