import type { Fields } from './fields.ts';

/** How one kind of trace is written, and what a row of it means. */
export interface TraceFormat<Row> {
  readonly name: string;
  /** In words, for help and errors. */
  readonly title: string;
  readonly notation: 'csv' | 'jsonl';
  /** Columns that must be there. Others may be: those that `row` knows as optional are read, the rest is not looked at. */
  readonly columns: readonly string[];
  readonly row: (fields: Fields) => Row;
}
