import { azureLlm } from './formats/azure-llm.ts';
import { genai } from './formats/genai.ts';
import { mooncake } from './formats/mooncake.ts';
import { requestsCsv, requestsJsonl } from './formats/requests.ts';
import type { Line } from './line-splitter.ts';
import type { RequestFormat } from './request-format.ts';
import { csvHeader, jsonValues } from './row-reader.ts';
import { shown, unreadableTrace } from './trace-error.ts';

/** Every kind of request trace that is known. */
export const REQUEST_FORMATS: readonly RequestFormat<unknown>[] = [
  requestsCsv,
  requestsJsonl,
  mooncake,
  azureLlm,
  genai,
];

/**
 * The format whose columns the first line has, a CSV's header or the keys of the first JSON object.
 * @throws DomainError (UNREADABLE_TRACE) saying what the known formats look like.
 */
export function detectRequestFormat({ number, text }: Line): RequestFormat<unknown> {
  if (text.includes('\0')) throw unreadableTrace('the trace is not text: unpack it, if it is an archive');
  const notation = text.trimStart().startsWith('{') ? 'jsonl' : 'csv';
  const names = notation === 'jsonl' ? Object.keys(jsonValues(number, text)) : csvHeader(number, text);
  const found = REQUEST_FORMATS.find(
    (format) => format.notation === notation && format.columns.every((column) => names.includes(column)),
  );
  if (found !== undefined) return found;
  const known = REQUEST_FORMATS.map(({ name, columns }) => `${name} has ${columns.join(', ')}`).join('; ');
  throw unreadableTrace(
    `line ${number} is of no known request trace: it has ${shown(names.join(', '))}. Known: ${known}`,
  );
}
