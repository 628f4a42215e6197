import { DomainError } from '@ostro/kernel';

/** One event of a stream; comments and empty events are not told. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/** Server-sent events as they arrive (the parts of the standard that Ostro and OpenAI use). */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const part of body) {
    held += decoder.decode(part, { stream: true });
    const events = held.split(/\r?\n\r?\n/);
    held = events.pop() ?? '';
    for (const event of events) yield* parse(event);
  }
}

function* parse(event: string): Generator<ServerEvent> {
  const lines = event.split(/\r?\n/);
  const all = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ''));
  const data = all('data');
  if (data.length > 0) yield { type: all('event').at(-1) ?? 'message', data: data.join('\n') };
}

/** The data of events of a management stream; its "problem" is thrown. */
export async function* dataOf<T extends object>(response: Response): AsyncGenerator<T, void> {
  for await (const { type, data } of eventsIn(response)) {
    if (type === 'problem') throw streamProblem(JSON.parse(data) as { detail: string; reason: string });
    yield JSON.parse(data) as Awaited<T>;
  }
}

/** The events of an answer that has a body, as every stream has. */
export async function* eventsIn({ body }: Response): AsyncGenerator<ServerEvent> {
  if (body) yield* serverEvents(body);
}

function streamProblem({ detail, reason }: { detail: string; reason: string }): DomainError {
  return new DomainError('UNAVAILABLE', reason, detail);
}
