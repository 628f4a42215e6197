import { readFileSync } from 'node:fs';

/** One request of a trace; times in ms, `atMs` since the epoch. */
export interface Request {
  readonly atMs: number;
  readonly model: string;
  readonly serviceMs: number;
}

export const FORMATS = ['genai', 'azure'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * The Azure trace says how many tokens, not how long: served alone on an H100, a 70B-class model reads about 10,000 prompt
 * tokens a second and writes one in 30 ms. Assumed, and said in the table's head.
 */
const AZURE_MS_PER_CONTEXT_TOKEN = 0.1;
const AZURE_MS_PER_GENERATED_TOKEN = 30;

const COLUMNS: Record<Format, readonly string[]> = {
  genai: ['gmt_create', 'exec_time_seconds', 'checkpoint_model_version_id'],
  azure: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
};

/**
 * The requests of a trace in order of arrival; those of one instant stay in the order of the file.
 * @throws Error naming file, line and column of what cannot be read.
 */
export function readRequests(file: string, format: Format): readonly Request[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').split(/\r?\n/);
  const header = head.split(',');
  const columns = COLUMNS[format].map((name) => {
    const column = header.indexOf(name);
    if (column < 0) throw new Error(`${file}: line 1 has no column "${name}"; is it a trace of format ${format}?`);
    return column;
  });
  const requests: Request[] = [];
  lines.forEach((line, at) => {
    if (line === '') return;
    const cells = line.split(',');
    const field = (index: number, parse: (text: string) => number): number => {
      const text = cells[columns[index]!] ?? '';
      const value = parse(text);
      if (Number.isFinite(value)) return value;
      throw new Error(`${file}: line ${at + 2}, column ${COLUMNS[format][index]}: cannot read ${JSON.stringify(text)}`);
    };
    const atMs = field(0, parseTime);
    if (format === 'genai') {
      const model = cells[columns[2]!] ?? '';
      requests.push({ atMs, model, serviceMs: Math.round(field(1, parseAmount) * 1000) });
    } else {
      const serviceMs =
        field(1, parseAmount) * AZURE_MS_PER_CONTEXT_TOKEN + field(2, parseAmount) * AZURE_MS_PER_GENERATED_TOKEN;
      requests.push({ atMs, model: 'code', serviceMs: Math.round(serviceMs) });
    }
  });
  if (requests.length === 0) throw new Error(`${file}: holds no requests`);
  return requests.sort((one, other) => one.atMs - other.atMs);
}

function parseTime(text: string): number {
  return Math.round(Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`));
}

function parseAmount(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return value >= 0 ? value : Number.NaN;
}
