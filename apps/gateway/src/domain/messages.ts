import { type Check, isListOf, isObject, isOneOf, isText } from './value-checks.ts';

const textPart = isObject({ type: isOneOf('text'), text: isText }, ['type', 'text']);

/** Text, or parts that are text: no runtime of this version reads images or audio. */
const content: Check = (value, path) =>
  typeof value === 'string' ? undefined : isListOf(textPart, 1, 10_000)(value, path);

const message = isObject({ role: isOneOf('system', 'developer', 'user', 'assistant'), content }, ['role', 'content']);

/** The `messages` of a chat. */
export const isMessages: Check = isListOf(message, 1, 10_000);
