import type { Fields } from '../fields.ts';
import { MAX_BLOCK_ID, MAX_TOKENS, type RequestFormat, type TraceRequest } from '../request-format.ts';

/** A row of Ostro's own request trace, in CSV or JSON lines. */
export type RequestRow = TraceRequest;

const KV_BLOCK_TOKENS = 16;
const COLUMNS = ['arrival_ms', 'model', 'input_tokens', 'output_tokens'];

const meaning: Omit<RequestFormat<RequestRow>, 'name' | 'title' | 'notation'> = {
  columns: COLUMNS,
  row: (fields) => {
    const prefix = prefixOf(fields);
    const organization = fields.optional('organization', (column) => fields.text(column));
    return {
      arrivalMs: fields.whole('arrival_ms', { max: 10 ** 14 }),
      model: fields.text('model'),
      inputTokens: fields.whole('input_tokens', MAX_TOKENS),
      outputTokens: fields.whole('output_tokens', MAX_TOKENS),
      ...(prefix && { prefix }),
      ...(organization !== undefined && { organization }),
    };
  },
  timeColumn: 'arrival_ms',
  atMs: ({ arrivalMs }) => arrivalMs,
  request: (row) => row,
};

export const requestsCsv: RequestFormat<RequestRow> = {
  ...meaning,
  name: 'requests-csv',
  title: "Ostro's request trace, as CSV",
  notation: 'csv',
};

export const requestsJsonl: RequestFormat<RequestRow> = {
  ...meaning,
  name: 'requests-jsonl',
  title: "Ostro's request trace, as JSON lines",
  notation: 'jsonl',
};

/** Blocks without their length say nothing, so the two columns come together. */
function prefixOf(fields: Fields): TraceRequest['prefix'] {
  const blocks = fields.optional('prefix_blocks', (column) => fields.wholes(column, MAX_BLOCK_ID));
  if (blocks === undefined) return undefined;
  const blockTokens = fields.whole('block_tokens', { min: KV_BLOCK_TOKENS, max: 65_536 });
  if (blockTokens % KV_BLOCK_TOKENS === 0) return { blocks, blockTokens };
  throw fields.bad('block_tokens', `a multiple of ${KV_BLOCK_TOKENS}, as engines cache that many at once`);
}
