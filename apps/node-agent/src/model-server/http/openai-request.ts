import { DomainError } from '@ostro/kernel';
import type { ChatMessage, Sampling } from '../engines/engine.ts';
import { Fields, refuse } from './fields.ts';

/** What chat and text completions have in common once checked. */
export interface CompletionOptions {
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly sampling: Omit<Sampling, 'seed'> & { readonly seed: number | undefined };
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Usage so far in every chunk, under the name vLLM gave it. */
  readonly continuousUsage: boolean;
}

export interface ChatRequest extends CompletionOptions {
  readonly messages: readonly ChatMessage[];
}

export interface TextRequest extends CompletionOptions {
  readonly prompt: string;
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly format: 'float' | 'base64';
}

const MOST_STOPS = 4;
const MOST_INPUTS = 2048;

/** @throws DomainError INVALID_ARGUMENT whose `details.param` names what is wrong; so do the other two. */
export function parseChatRequest(body: unknown): ChatRequest {
  const fields = new Fields(body);
  const messages = parseMessages(fields.take('messages'));
  const completion = parseOptions(fields, ['max_completion_tokens', 'max_tokens']);
  fields.end();
  return { ...completion, messages };
}

export function parseTextRequest(body: unknown): TextRequest {
  const fields = new Fields(body);
  const prompt = parsePrompt(fields.take('prompt'));
  const completion = parseOptions(fields, ['max_tokens']);
  fields.end();
  return { ...completion, prompt };
}

export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  const fields = new Fields(body);
  const model = fields.text('model');
  const inputs = parseInputs(fields.take('input'));
  const format = fields.take('encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw refuse('encoding_format', "must be 'float' or 'base64'");
  fields.take('user');
  fields.end();
  return { model, inputs, format };
}

/** Tokens of a text prompt or of a rendered chat, in vLLM's shape. */
export function parseTokenizeRequest(body: unknown): { prompt: string } | { messages: readonly ChatMessage[] } {
  const fields = new Fields(body);
  fields.take('model');
  const messages = fields.take('messages');
  const prompt = fields.take('prompt');
  fields.end();
  return messages === undefined ? { prompt: parsePrompt(prompt) } : { messages: parseMessages(messages) };
}

function parseOptions(fields: Fields, limitNames: readonly string[]): CompletionOptions {
  const model = fields.text('model');
  const limits = limitNames.map((name) => fields.integer(name, 1, Number.MAX_SAFE_INTEGER));
  const stop = parseStop(fields.take('stop'));
  const sampling = parseSampling(fields);
  const stream = fields.flag('stream');
  const streamOptions = parseStreamOptions(fields.take('stream_options'), stream);
  if ((fields.integer('n', 1, 128) ?? 1) !== 1) throw refuse('n', 'must be 1: send one request for each answer');
  fields.take('user');
  return { model, maxTokens: limits.find((limit) => limit !== undefined), stop, sampling, stream, ...streamOptions };
}

function parseSampling(fields: Fields): CompletionOptions['sampling'] {
  return {
    temperature: fields.number('temperature', 0, 2) ?? 1,
    topP: fields.number('top_p', 0, 1) ?? 1,
    topK: fields.integer('top_k', 0, 1_000_000) ?? 0,
    seed: fields.integer('seed', 0, 2 ** 32 - 1),
    presencePenalty: fields.number('presence_penalty', -2, 2) ?? 0,
    frequencyPenalty: fields.number('frequency_penalty', -2, 2) ?? 0,
  };
}

function parseStreamOptions(
  value: unknown,
  stream: boolean,
): Pick<CompletionOptions, 'includeUsage' | 'continuousUsage'> {
  if (value === undefined) return { includeUsage: false, continuousUsage: false };
  if (!stream) throw refuse('stream_options', 'is only allowed when stream is true');
  const fields = new Fields(value, 'stream_options');
  const options = {
    includeUsage: fields.flag('include_usage'),
    continuousUsage: fields.flag('continuous_usage_stats'),
  };
  fields.end();
  return options;
}

function parseStop(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const stops: unknown[] = Array.isArray(value) ? value : [value];
  if (stops.length > MOST_STOPS) throw refuse('stop', `may hold at most ${MOST_STOPS} strings`);
  if (!stops.every(isFilledText)) throw refuse('stop', 'must be a non-empty string or a list of such');
  return stops;
}

function parseMessages(value: unknown): readonly ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw refuse('messages', 'must be a non-empty list of messages');
  return value.map((message, index) => parseMessage(message, `messages[${index}]`));
}

function parseMessage(value: unknown, path: string): ChatMessage {
  const fields = new Fields(value, path);
  const role = fields.text('role');
  const content = parseContent(fields.take('content'), `${path}.content`);
  fields.end();
  if (role === 'developer') return { role: 'system', content };
  if (role === 'system' || role === 'user' || role === 'assistant') return { role, content };
  throw refuse(`${path}.role`, "must be 'system', 'developer', 'user' or 'assistant'");
}

function parseContent(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw refuse(path, 'must be a string or a list of text parts');
  return value.map((part, index) => parseTextPart(part, `${path}[${index}]`)).join('');
}

function parseTextPart(value: unknown, path: string): string {
  const fields = new Fields(value, path);
  if (fields.take('type') !== 'text') throw refuse(`${path}.type`, "must be 'text': this runtime reads text only");
  const text = fields.text('text');
  fields.end();
  return text;
}

function parsePrompt(value: unknown): string {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof only !== 'string') throw refuse('prompt', 'must be one string: send one request for each prompt');
  return only;
}

function parseInputs(value: unknown): readonly string[] {
  const inputs: unknown[] = Array.isArray(value) ? value : [value];
  if (inputs.length === 0 || inputs.length > MOST_INPUTS || !inputs.every(isFilledText))
    throw refuse('input', `must be a non-empty string or a list of 1 to ${MOST_INPUTS} such`);
  return inputs;
}

function isFilledText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** @throws DomainError NOT_FOUND (MODEL_NOT_FOUND) unless the request names the model this process serves. */
export function mustServe(servedName: string, asked: string): void {
  if (asked === servedName) return;
  const message = `The model '${asked.slice(0, 200)}' is not served here; this replica serves '${servedName}'.`;
  throw new DomainError('NOT_FOUND', 'MODEL_NOT_FOUND', message, { details: { param: 'model' } });
}
