import { Agent, request } from 'undici';

/** What a server says is asserted on, field by field, not described twice. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly json: Loose;
}

export interface Streamed extends Answer {
  readonly chunks: readonly Loose[];
  readonly done: boolean;
}

export interface Asking {
  readonly organization?: string;
  readonly signal?: AbortSignal;
}

/** Speaks to a model server over its socket, as the agent does. */
export class ModelServerClient {
  readonly #agent: Agent;

  constructor(socketPath: string) {
    this.#agent = new Agent({ connect: { socketPath }, headersTimeout: 60_000 });
  }

  async get(path: string): Promise<Answer> {
    const { statusCode, headers, body } = await request(`http://model-server${path}`, { dispatcher: this.#agent });
    return { status: statusCode, headers, json: parse(await body.text()) };
  }

  async post(path: string, body: unknown, asking: Asking = {}): Promise<Answer> {
    const response = await this.#send(path, body, asking);
    return { status: response.statusCode, headers: response.headers, json: parse(await response.body.text()) };
  }

  async stream(path: string, body: object, asking: Asking = {}): Promise<Streamed> {
    const response = await this.#send(path, { ...body, stream: true }, asking);
    const events = (await response.body.text()).split('\n\n').filter(Boolean);
    const data = events.map((event) => event.slice('data: '.length));
    return {
      status: response.statusCode,
      headers: response.headers,
      json: undefined,
      chunks: data.filter((text) => text !== '[DONE]').map((text) => JSON.parse(text)),
      done: data.at(-1) === '[DONE]',
    };
  }

  /** Resolves with the beginning of the answer; nobody reads on. */
  async open(path: string, body: object, asking: Asking = {}) {
    return this.#send(path, { ...body, stream: true }, asking);
  }

  async metric(name: string): Promise<number> {
    const { json } = await this.get('/metrics');
    return Number(new RegExp(`^ostro_model_server_${name} (.*)$`, 'm').exec(String(json))?.[1]);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #send(path: string, body: unknown, { organization, signal }: Asking) {
    return request(`http://model-server${path}`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(organization !== undefined && { 'x-ostro-organization': organization }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal && { signal }),
    });
  }
}

export function textOf(chunks: readonly Loose[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? chunk.choices[0]?.text ?? '').join('');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
