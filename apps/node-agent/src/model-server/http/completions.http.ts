import { randomInt, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type Clock, DomainError } from '@ostro/kernel';
import type { Engine, RenderedPrompt } from '../engines/engine.ts';
import type { GenerationEvent, Generator, Usage } from '../generation/generator.ts';
import { EventStream } from './event-stream.ts';
import { toErrorAnswer } from './openai-error.ts';
import {
  type CompletionOptions,
  mustServe,
  parseChatRequest,
  parseEmbeddingRequest,
  parseTextRequest,
  parseTokenizeRequest,
} from './openai-request.ts';
import {
  type AnswerHead,
  answerHead,
  type ChunkContent,
  type CompletionKind,
  toAnswer,
  toChunk,
  toEmbeddings,
} from './openai-response.ts';
import { sendJson } from './send-json.ts';

export interface CompletionsOptions {
  readonly servedName: string;
  readonly writeStallMs: number;
}

/** Who asks, and when to give up. */
export interface Caller {
  readonly organization: string | undefined;
  readonly signal: AbortSignal;
}

interface Understood {
  readonly kind: CompletionKind;
  readonly options: CompletionOptions;
  readonly prompt: RenderedPrompt;
}

/** The endpoints that read a prompt. Parsing and counting happen before the first byte of an answer. */
export class Completions {
  readonly #engine: Engine;
  readonly #generator: Generator;
  readonly #clock: Clock;
  readonly #options: CompletionsOptions;

  constructor(engine: Engine, generator: Generator, clock: Clock, options: CompletionsOptions) {
    this.#engine = engine;
    this.#generator = generator;
    this.#clock = clock;
    this.#options = options;
  }

  async chat(body: unknown, response: ServerResponse, caller: Caller): Promise<void> {
    const request = parseChatRequest(body);
    this.#mustGenerate(request.model);
    await this.#answer(
      { kind: 'chat', options: request, prompt: this.#engine.renderChat(request.messages) },
      response,
      caller,
    );
  }

  async text(body: unknown, response: ServerResponse, caller: Caller): Promise<void> {
    const request = parseTextRequest(body);
    this.#mustGenerate(request.model);
    const prompt = { tokens: this.#engine.tokenize(request.prompt), stop: [] };
    if (prompt.tokens.length === 0) throw emptyPrompt();
    await this.#answer({ kind: 'text', options: request, prompt }, response, caller);
  }

  async embeddings(body: unknown, response: ServerResponse, caller: Caller): Promise<void> {
    const { model, inputs, format } = parseEmbeddingRequest(body);
    mustServe(this.#options.servedName, model);
    if (!this.#engine.embedding) {
      const message = `'${model}' was deployed for text generation; deploy a replica with embeddings enabled for this endpoint.`;
      throw new DomainError('FAILED_PRECONDITION', 'NOT_AN_EMBEDDING_REPLICA', message);
    }
    const prompts = inputs.map((input) => this.#engine.tokenize(input));
    for (const tokens of prompts) this.#mustFit(tokens.length);
    const vectors: (readonly number[])[] = [];
    for (const tokens of prompts) vectors.push(await this.#engine.embed(tokens, caller.signal));
    const promptTokens = prompts.reduce((sum, tokens) => sum + tokens.length, 0);
    sendJson(response, 200, toEmbeddings(model, vectors, format, promptTokens));
  }

  tokenize(body: unknown, response: ServerResponse): void {
    const request = parseTokenizeRequest(body);
    const tokens =
      'prompt' in request ? this.#engine.tokenize(request.prompt) : this.#engine.renderChat(request.messages).tokens;
    sendJson(response, 200, {
      count: tokens.length,
      max_model_len: this.#engine.limits.contextTokens,
      tokens,
    });
  }

  async #answer(understood: Understood, response: ServerResponse, caller: Caller): Promise<void> {
    const { kind, options, prompt } = understood;
    const head = answerHead(kind, options.model, randomUUID(), this.#clock.now());
    const { sampling } = options;
    const events = this.#generator.run(
      {
        tokens: prompt.tokens,
        stop: [...options.stop, ...prompt.stop],
        maxTokens: options.maxTokens,
        sampling: { ...sampling, seed: sampling.seed ?? randomInt(2 ** 32) },
        organization: caller.organization,
      },
      caller.signal,
    );
    if (options.stream) await this.#stream(understood, head, events, response);
    else await this.#whole(kind, head, events, response);
  }

  async #whole(
    kind: CompletionKind,
    head: AnswerHead,
    events: AsyncGenerator<GenerationEvent>,
    response: ServerResponse,
  ): Promise<void> {
    let text = '';
    for await (const event of events) {
      if (event.kind === 'text') text += event.text;
      if (event.kind === 'end') sendJson(response, 200, toAnswer(kind, head, { ...event, text }));
    }
  }

  async #stream(
    { kind, options, prompt }: Understood,
    head: AnswerHead,
    events: AsyncGenerator<GenerationEvent>,
    response: ServerResponse,
  ): Promise<void> {
    let stream: EventStream | undefined;
    let last: Usage | undefined;
    try {
      for await (const event of events) {
        stream ??= new EventStream(response, promptHeader(prompt), this.#options.writeStallMs);
        last = event.usage;
        const content = chunkOf(kind, event);
        if (content) await stream.send(toChunk(kind, head, content, chunkUsage(options, event.usage)));
      }
      if (options.includeUsage && last) await stream?.send(toChunk(kind, head, { kind: 'usage' }, last));
      await stream?.done();
    } catch (error) {
      if (!stream) throw error;
      stream.fail(toErrorAnswer(error).body);
      throw error;
    }
  }

  #mustGenerate(model: string): void {
    mustServe(this.#options.servedName, model);
    if (!this.#engine.embedding) return;
    const message = `'${model}' was deployed for embeddings; call /v1/embeddings, or deploy a replica for text generation.`;
    throw new DomainError('FAILED_PRECONDITION', 'EMBEDDING_REPLICA', message);
  }

  #mustFit(promptTokens: number): void {
    const { contextTokens } = this.#engine.limits;
    if (promptTokens < contextTokens) return;
    const message = `This model's maximum context length is ${contextTokens} tokens, and an input has ${promptTokens}. Split it.`;
    throw new DomainError('INVALID_ARGUMENT', 'CONTEXT_LENGTH_EXCEEDED', message, {
      details: { param: 'input', context_tokens: String(contextTokens), prompt_tokens: String(promptTokens) },
    });
  }
}

/** The exact prompt count, before the first token: reservations of money shrink to it at once. */
function promptHeader(prompt: RenderedPrompt): Record<string, string> {
  return { 'x-ostro-prompt-tokens': String(prompt.tokens.length) };
}

function chunkUsage(options: CompletionOptions, usage: Usage): Usage | null | undefined {
  if (options.continuousUsage) return usage;
  return options.includeUsage ? null : undefined;
}

function chunkOf(kind: CompletionKind, event: GenerationEvent): ChunkContent | undefined {
  if (event.kind !== 'prompt') return event;
  return kind === 'chat' ? { kind: 'opening' } : undefined;
}

function emptyPrompt(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_VALUE', "'prompt' must not be empty for this model.", {
    details: { param: 'prompt' },
  });
}
