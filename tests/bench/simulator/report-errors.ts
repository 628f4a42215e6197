import { FITTED_ON } from '@ostro/simulator';
import { byModel, type Errors, errorsOf, summaryOf } from './errors.ts';
import { hashOf } from './fitted-rows.ts';
import type { MeasuredRow, Skipped } from './measured-rows.ts';
import type { Unseen } from './unseen.ts';

export interface ErrorReport extends Errors {
  /** Models with rows that were not fitted. */
  readonly byModel: Readonly<Record<string, Errors>>;
  /** The rows that were fitted, for comparison; in none of the figures above. */
  readonly fitted: Errors;
  readonly skipped: Skipped;
  readonly unseen?: Unseen;
}

/** Errors on the rows of a file that the coefficients were not fitted to. */
export function reportErrors(rows: readonly MeasuredRow[], skipped: Skipped, unseen: Unseen | undefined): ErrorReport {
  const fittedOn = new Set(FITTED_ON);
  const isFitted = (row: MeasuredRow): boolean => fittedOn.has(hashOf(row.key));
  const others = rows.filter((row) => !isFitted(row)).map((row) => errorsOf(row));
  const fitted = summaryOf(rows.filter(isFitted).map((row) => errorsOf(row)));
  return {
    ...summaryOf(others),
    byModel: byModel(others),
    fitted,
    skipped,
    ...(unseen === undefined ? {} : { unseen }),
  };
}

export function printReport(report: ErrorReport, asJson: boolean): void {
  if (asJson) return console.log(JSON.stringify(report));
  console.log('Median error of rows that were not fitted');
  console.table({ ...named(report.byModel), 'all models': line(report) });
  console.log('The same of rows that were fitted');
  console.table({ 'all models': line(report.fitted) });
  if (report.unseen !== undefined) {
    console.log('Each model predicted from the other models of its engine');
    console.table({ ...named(report.unseen.byModel), 'all models': line(report.unseen) });
  }
  for (const [reason, count] of Object.entries(report.skipped)) console.log(`left out: ${count} rows (${reason})`);
}

function named(errors: Readonly<Record<string, Errors>>) {
  return Object.fromEntries(Object.entries(errors).map(([name, each]) => [name, line(each)]));
}

function line({ rows, ttftMedianErrorPercent, tpotMedianErrorPercent }: Errors) {
  return { rows, 'TTFT %': ttftMedianErrorPercent, 'TPOT %': tpotMedianErrorPercent };
}
