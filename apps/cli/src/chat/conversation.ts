import { DomainError } from '@ostro/kernel';
import { given } from '../given.ts';
import { answered } from '../management/client.ts';
import { eventsIn } from '../management/server-events.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatOptions {
  readonly maxTokens?: number;
  readonly temperature?: number;
}

/** A whole answer, once it has been streamed. */
export interface Answer {
  readonly model: string;
  readonly answer: string;
  readonly finish_reason: string;
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined;
  readonly request_id: string;
}

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly error?: { readonly message: string };
}

/** A conversation with one model through the gateway. It remembers what was said. */
export class Conversation {
  readonly #gatewayUrl: string;
  readonly #apiKey: string;
  readonly #model: string;
  readonly #options: ChatOptions;
  readonly #messages: Message[];

  constructor(
    { gatewayUrl, apiKey }: { readonly gatewayUrl: string; readonly apiKey: string },
    model: string,
    options: ChatOptions,
    system: string | undefined,
  ) {
    this.#gatewayUrl = gatewayUrl;
    this.#apiKey = apiKey;
    this.#model = model;
    this.#options = options;
    this.#messages = system === undefined ? [] : [{ role: 'system', content: system }];
  }

  /** Hands each piece on as it arrives. An aborted question is forgotten, as if it had not been asked. */
  async ask(question: string, onPiece: (text: string) => void, signal?: AbortSignal): Promise<Answer> {
    const messages: Message[] = [...this.#messages, { role: 'user', content: question }];
    const response = await answered(new URL('/v1/chat/completions', this.#gatewayUrl).href, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...this.#request(), messages }),
      ...(signal && { signal }),
    });
    const told = await assembled(chunksOf(response), onPiece);
    this.#messages.push(...messages.slice(this.#messages.length), { role: 'assistant', content: told.answer });
    return { model: this.#model, ...told, request_id: response.headers.get('x-request-id') ?? '' };
  }

  #request(): object {
    const { maxTokens, temperature } = this.#options;
    return {
      model: this.#model,
      stream: true,
      stream_options: { include_usage: true },
      ...given({ max_tokens: maxTokens, temperature }),
    };
  }
}

type Told = Pick<Answer, 'answer' | 'finish_reason' | 'usage'>;

async function assembled(chunks: AsyncIterable<Chunk>, onPiece: (text: string) => void): Promise<Told> {
  let told: Told = { answer: '', finish_reason: '', usage: undefined };
  for await (const { choices: [choice] = [], usage } of chunks) {
    const piece = choice?.delta?.content ?? '';
    if (piece !== '') onPiece(piece);
    told = {
      answer: told.answer + piece,
      finish_reason: choice?.finish_reason ?? told.finish_reason,
      usage: usage ?? told.usage,
    };
  }
  return told;
}

/** An answer that breaks off says so inside the stream, since its status has left long ago. */
async function* chunksOf(response: Response): AsyncGenerator<Chunk> {
  for await (const { data } of eventsIn(response)) {
    if (data === '[DONE]') return;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error)
      throw new DomainError('UNAVAILABLE', 'ANSWER_BROKE_OFF', `the answer broke off: ${chunk.error.message}`);
    yield chunk;
  }
  throw new DomainError('UNAVAILABLE', 'ANSWER_BROKE_OFF', 'the answer broke off before its end; ask again');
}
