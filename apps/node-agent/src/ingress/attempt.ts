import type { IncomingMessage } from 'node:http';
import { usageV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { injectTrace } from '@ostro/telemetry';
import type { AttemptResult } from '../witness/witness-log.ts';
import { Checkpoints } from './domain/checkpoints.ts';
import type { ClientWish } from './domain/client-wish.ts';
import type { EngineUsage } from './domain/engine-usage.ts';
import { StreamFilter } from './domain/stream-filter.ts';
import { readWholeAnswer } from './domain/whole-answer.ts';
import type { GatewayAnswer } from './gateway-answer.ts';
import type { Upstream } from './upstream.ts';

export interface AttemptRequest {
  readonly socketPath: string;
  readonly path: string;
  readonly body: Buffer;
  readonly wish: ClientWish;
  readonly isolationKey: string;
  /** The engine is done with it: called before the last byte, so that whoever has that finds the place free. */
  readonly onEngineDone: () => void;
}

const EVENT_STREAM = 'text/event-stream';
const LARGEST_WHOLE_ANSWER = 16 * 1024 * 1024;

/** One request to the model server and its answer on the way to the gateway, with what was seen of it. */
export class Attempt {
  readonly #request: AttemptRequest;
  readonly #answer: GatewayAnswer;
  readonly #checkpoints = new Checkpoints();
  #usage: EngineUsage | undefined;
  #hasRunningUsage = false;
  #isComplete = false;

  constructor(request: AttemptRequest, answer: GatewayAnswer) {
    this.#request = request;
    this.#answer = answer;
  }

  /** For the witness log, once `run` is over. */
  get result(): AttemptResult {
    const { ATTEMPT_END_COMPLETE, ATTEMPT_END_ABORTED } = usageV1.AttemptEnd;
    return {
      end: this.#isComplete ? ATTEMPT_END_COMPLETE : ATTEMPT_END_ABORTED,
      bodyBytes: BigInt(this.#answer.bodyBytes),
      tokens: this.#usage && toTokenCounts(this.#usage),
      hasRunningUsage: this.#hasRunningUsage,
      checkpoints: this.#checkpoints.list().map(({ bodyOffset, outputTokens }) => ({
        bodyOffset: BigInt(bodyOffset),
        outputTokens: BigInt(outputTokens),
      })),
    };
  }

  /**
   * Answers the gateway in every case: with the model server's answer, with a refusal, or by closing the connection.
   *
   * @throws what went wrong, for the log, after the gateway was answered
   */
  async run(upstream: Upstream): Promise<void> {
    try {
      const { wish, onEngineDone: _, ...request } = this.#request;
      const answer = await upstream.ask({ ...request, headers: injectTrace({}), signal: this.#answer.gone });
      await this.#pass(answer, wish);
    } catch (error) {
      // A model server that broke off before the first byte has done nothing for the client: another replica may.
      if (this.#answer.hasBegun) this.#answer.breakOff();
      else if (!this.#answer.gone.aborted) this.#answer.refuse('not_ready');
      if (!this.#answer.gone.aborted) throw error;
    }
  }

  async #pass(upstream: IncomingMessage, wish: ClientWish): Promise<void> {
    const contentType = upstream.headers['content-type'] ?? 'application/json';
    if (upstream.statusCode !== 200) return this.#passError(upstream, contentType);
    if (contentType.startsWith(EVENT_STREAM)) return this.#passStream(upstream, contentType, wish);
    const answer = readWholeAnswer(await readAll(upstream), wish);
    this.#request.onEngineDone();
    this.#usage = answer.usage;
    this.#answer.begin(contentType, answer.usage?.inputTokens);
    await this.#answer.write(answer.body);
    this.#checkpoints.add(this.#answer.bodyBytes, answer.usage?.outputTokens ?? 0);
    await this.#end(answer.finishReason);
  }

  /** Its own word for busy and not serving is ours too; what is wrong with the request is told to the client. */
  async #passError(upstream: IncomingMessage, contentType: string): Promise<void> {
    const body = await readAll(upstream);
    this.#request.onEngineDone();
    if (upstream.statusCode === 429) return this.#answer.refuse('busy');
    if (upstream.statusCode === 503) return this.#answer.refuse('not_ready');
    this.#answer.pass(upstream.statusCode ?? 502, contentType, body);
  }

  async #passStream(upstream: IncomingMessage, contentType: string, wish: ClientWish): Promise<void> {
    const filter = new StreamFilter(wish);
    const counted = upstream.headers['x-ostro-prompt-tokens'];
    if (typeof counted === 'string') {
      this.#usage = { inputTokens: Number(counted), cachedInputTokens: 0, outputTokens: 0 };
      this.#answer.begin(contentType, Number(counted));
    }
    for await (const bytes of upstream as AsyncIterable<Buffer>) await this.#write(filter, bytes, contentType);
    this.#request.onEngineDone();
    await this.#write(filter, undefined, contentType);
    if (!filter.isWhole && !filter.hasFailed) throw brokenOff();
    if (filter.hasFailed) return this.#answer.end();
    await this.#end(filter.finishReason);
  }

  async #write(filter: StreamFilter, bytes: Buffer | undefined, contentType: string): Promise<void> {
    const pieces = bytes ? filter.push(bytes) : filter.end();
    if (filter.usage) {
      this.#usage = filter.usage;
      this.#hasRunningUsage = true;
    }
    for (const piece of pieces) {
      if (!this.#answer.hasBegun) this.#answer.begin(contentType, this.#usage?.inputTokens);
      await this.#answer.write(piece.bytes);
      this.#checkpoints.add(this.#answer.bodyBytes, piece.outputTokens);
    }
  }

  async #end(finishReason: string | undefined): Promise<void> {
    await this.#answer.end(this.#usage && { ...this.#usage, finishReason: finishReason ?? '' });
    this.#isComplete = true;
  }
}

async function readAll(upstream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of upstream as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_WHOLE_ANSWER) {
      const message = 'the answer is larger than 16 MiB; ask for a stream, for fewer inputs, or for base64';
      throw new DomainError('OUT_OF_RANGE', 'ANSWER_TOO_LARGE', message);
    }
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}

function toTokenCounts(usage: EngineUsage): usageV1.TokenCounts {
  return {
    inputTokens: BigInt(usage.inputTokens),
    cachedInputTokens: BigInt(usage.cachedInputTokens),
    outputTokens: BigInt(usage.outputTokens),
  };
}

function brokenOff(): DomainError {
  return new DomainError('UNAVAILABLE', 'ENGINE_BROKE_OFF', 'the model server ended its answer before it was whole');
}
