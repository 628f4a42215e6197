import { parseChatRequest, parseEmbeddingRequest, parseTextRequest } from './openai-request.ts';

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

describe('parseChatRequest', () => {
  it("fills in OpenAI's defaults", () => {
    expect(parseChatRequest(chat)).toMatchObject({
      sampling: { temperature: 1, topP: 1, topK: 0, seed: undefined },
      stop: [],
      stream: false,
      maxTokens: undefined,
    });
  });

  it('joins text parts and reads developer as system', () => {
    const parts = [
      { type: 'text', text: 'be ' },
      { type: 'text', text: 'kind' },
    ];
    expect(parseChatRequest({ ...chat, messages: [{ role: 'developer', content: parts }] }).messages).toEqual([
      { role: 'system', content: 'be kind' },
    ]);
  });

  it('prefers max_completion_tokens and treats null as absent', () => {
    expect(parseChatRequest({ ...chat, max_tokens: 5, max_completion_tokens: 3, seed: null }).maxTokens).toBe(3);
    expect(parseChatRequest({ ...chat, max_tokens: 5 }).maxTokens).toBe(5);
  });

  it('takes a stop string or up to four', () => {
    expect(parseChatRequest({ ...chat, stop: 'x' }).stop).toEqual(['x']);
    expect(() => parseChatRequest({ ...chat, stop: ['1', '2', '3', '4', '5'] })).toThrow('at most 4');
  });

  it.each([
    [{ tools: [] }, 'tools'],
    [{ n: 2 }, 'n'],
    [{ temperature: 3 }, 'temperature'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ stream: 'yes' }, 'stream'],
    [{ stream_options: { include_usage: true } }, 'stream_options'],
    [{ stream: true, stream_options: { other: 1 } }, 'stream_options.other'],
    [{ stop: [''] }, 'stop'],
    [{ seed: -1 }, 'seed'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: 'x', name: 'bob' }] }, 'messages[0].name'],
  ])('refuses %j and names %s', (fields, param) => {
    expect(() => parseChatRequest({ ...chat, ...fields })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { param } }),
    );
  });

  it.each([[null], ['text'], [[]]])('refuses a body of %j', (body) => {
    expect(() => parseChatRequest(body)).toThrow(expect.objectContaining({ details: { param: 'body' } }));
  });
});

describe('parseTextRequest', () => {
  it('takes one prompt', () => {
    expect(parseTextRequest({ model: 'm', prompt: ['once'] }).prompt).toBe('once');
    expect(() => parseTextRequest({ model: 'm', prompt: ['a', 'b'] })).toThrow("'prompt'");
  });
});

describe('parseEmbeddingRequest', () => {
  it('takes one input or many', () => {
    expect(parseEmbeddingRequest({ model: 'm', input: 'a' }).inputs).toEqual(['a']);
    expect(parseEmbeddingRequest({ model: 'm', input: ['a', 'b'], encoding_format: 'base64' }).format).toBe('base64');
  });

  it('refuses empty inputs and dimensions', () => {
    expect(() => parseEmbeddingRequest({ model: 'm', input: [''] })).toThrow("'input'");
    expect(() => parseEmbeddingRequest({ model: 'm', input: 'a', dimensions: 3 })).toThrow("'dimensions'");
  });
});
