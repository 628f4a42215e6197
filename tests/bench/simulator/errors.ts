import type { Coefficients } from '@ostro/simulator';
import { median } from '../statistics.ts';
import type { MeasuredRow } from './measured-rows.ts';
import { predict } from './predict.ts';

/** Medians over rows, in percent of what was measured, to one decimal. */
export interface Errors {
  readonly rows: number;
  readonly ttftMedianErrorPercent: number;
  readonly tpotMedianErrorPercent: number;
}

export interface RowErrors {
  readonly model: string;
  readonly ttftPercent: number;
  readonly tpotPercent: number;
}

/** How far one row's prediction is from what was measured, in percent of it. */
export function errorsOf(row: MeasuredRow, coefficients?: Coefficients): RowErrors {
  const { ttftMs, tpotMs } = predict(row, coefficients);
  const percent = (predicted: number, measured: number) => Math.abs(predicted / measured - 1) * 100;
  return { model: row.model, ttftPercent: percent(ttftMs, row.ttftMs), tpotPercent: percent(tpotMs, row.tpotMs) };
}

export function summaryOf(errors: readonly RowErrors[]): Errors {
  return {
    rows: errors.length,
    ttftMedianErrorPercent: rounded(median(errors.map(({ ttftPercent }) => ttftPercent))),
    tpotMedianErrorPercent: rounded(median(errors.map(({ tpotPercent }) => tpotPercent))),
  };
}

export function byModel(errors: readonly RowErrors[]): Readonly<Record<string, Errors>> {
  const models = [...new Set(errors.map(({ model }) => model))].sort();
  return Object.fromEntries(models.map((model) => [model, summaryOf(errors.filter((each) => each.model === model))]));
}

function rounded(percent: number): number {
  return Math.round(percent * 10) / 10;
}
