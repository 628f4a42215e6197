import { isMessages } from './messages.ts';
import {
  type Check,
  invalidValue,
  isFlag,
  isInteger,
  isListOf,
  isNumber,
  isObject,
  isOneOf,
  isText,
} from './value-checks.ts';

export type Operation = 'chat' | 'completion' | 'embedding';

/**
 * What happens to one parameter of OpenAI's API. A refused one is refused by name, unless its value says what would
 * happen anyway: then it is accepted and goes no further. Nothing is ever dropped that would have had an effect.
 */
export type Parameter =
  | { readonly support: 'forwarded'; readonly check: Check; readonly required?: true }
  | { readonly support: 'refused'; readonly why: string; readonly unless: readonly unknown[] };

export type ParameterTable = Readonly<Record<string, Parameter>>;

const MOST_TOKENS = 10_000_000;

const forwarded = (check: Check): Parameter => ({ support: 'forwarded', check });
const required = (check: Check): Parameter => ({ support: 'forwarded', check, required: true });
const refused = (why: string, ...unless: readonly unknown[]): Parameter => ({ support: 'refused', why, unless });

const stop: Check = (value, path) =>
  typeof value === 'string' ? filled(value, path) : isListOf(filled, 1, 4)(value, path);

const filled: Check = (value, path) =>
  isText(value, path) ?? (value === '' ? invalidValue(path, 'a string that is not empty') : undefined);

/** One prompt a request: the answers to several would be counted and cancelled together. */
const prompt: Check = (value, path) => (typeof value === 'string' ? undefined : isListOf(isText, 1, 1)(value, path));

const input: Check = (value, path) =>
  typeof value === 'string' ? filled(value, path) : isListOf(filled, 1, 2_048)(value, path);

const NOT_YET = 'is not supported by the runtimes of this cell. Leave it out.';
const TOOLS = 'is not supported: the runtimes of this cell call no tools. Leave it out.';
const TEXT_ONLY = 'is not supported: the runtimes of this cell write text only. Leave it out.';
const NOT_STORED = 'is not supported: prompts and answers are never stored. Leave it out.';
const ONE_ANSWER = 'is not supported: send one request for each answer.';

const SAMPLING: ParameterTable = {
  model: required(isText),
  max_tokens: forwarded(isInteger(1, MOST_TOKENS)),
  temperature: forwarded(isNumber(0, 2)),
  top_p: forwarded(isNumber(0, 1)),
  presence_penalty: forwarded(isNumber(-2, 2)),
  frequency_penalty: forwarded(isNumber(-2, 2)),
  seed: forwarded(isInteger(0, 2 ** 32 - 1)),
  stop: forwarded(stop),
  stream: forwarded(isFlag),
  stream_options: forwarded(isObject({ include_usage: isFlag, include_obfuscation: isOneOf(false) })),
  user: forwarded(isText),
  n: refused(ONE_ANSWER, 1),
  logit_bias: refused(NOT_YET, {}),
};

/** Every parameter of OpenAI's three endpoints, by operation. A name that is not here is unknown and refused too. */
export const PARAMETERS: Readonly<Record<Operation, ParameterTable>> = {
  chat: {
    ...SAMPLING,
    messages: required(isMessages),
    max_completion_tokens: forwarded(isInteger(1, MOST_TOKENS)),
    logprobs: refused(NOT_YET, false),
    top_logprobs: refused(NOT_YET, 0),
    response_format: refused(NOT_YET, { type: 'text' }),
    reasoning_effort: refused(NOT_YET, 'none'),
    verbosity: refused(NOT_YET),
    prediction: refused(NOT_YET),
    tools: refused(TOOLS, []),
    tool_choice: refused(TOOLS, 'none', 'auto'),
    parallel_tool_calls: refused(TOOLS, true, false),
    functions: refused(TOOLS, []),
    function_call: refused(TOOLS, 'none', 'auto'),
    web_search_options: refused(TOOLS),
    modalities: refused(TEXT_ONLY, ['text']),
    audio: refused(TEXT_ONLY),
    store: refused(NOT_STORED, false),
    metadata: refused(NOT_STORED, {}),
    service_tier: refused('is not supported: this cell has one tier.', 'auto', 'default'),
    prompt_cache_key: refused(NOT_YET),
    prompt_cache_retention: refused(NOT_YET),
    safety_identifier: refused(NOT_YET),
    moderation: refused(NOT_YET),
  },
  completion: {
    ...SAMPLING,
    prompt: required(prompt),
    best_of: refused(ONE_ANSWER, 1),
    echo: refused(NOT_YET, false),
    logprobs: refused(NOT_YET),
    suffix: refused(NOT_YET, ''),
  },
  embedding: {
    model: required(isText),
    input: required(input),
    encoding_format: forwarded(isOneOf('float', 'base64')),
    user: forwarded(isText),
    dimensions: refused(NOT_YET),
  },
};
