/**
 * How far the simulated engine is from measured ones, and how fast the simulator is.
 * `npm run bench:simulator [-- --rows FILE] [--unseen] [--json]` errors on rows that were not fitted
 * `npm run bench:simulator -- --fit` fits on two thirds of the rows and rewrites the library's coefficients
 * `npm run bench:simulator -- --speed` CPU time of one hour of 100 replicas
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseTrace, siliconRows } from '@ostro/traces';
import { dataFile } from './bench-data.ts';
import { calibrate } from './simulator/calibrate.ts';
import { distinct, isForFitting } from './simulator/fitted-rows.ts';
import { measuredRows } from './simulator/measured-rows.ts';
import { printReport, reportErrors } from './simulator/report-errors.ts';
import { measureSpeed } from './simulator/speed.ts';
import { unseenErrors } from './simulator/unseen.ts';
import { writeCoefficients } from './simulator/write-coefficients.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: 'silicon/silicon_h100_h200_dev.csv' },
    fit: { type: 'boolean' },
    unseen: { type: 'boolean' },
    speed: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const say = (line: string): void => console.error(line);

if (values.speed) {
  const speed = measureSpeed();
  console.log(values.json ? JSON.stringify(speed) : speed);
} else {
  const { rows, skipped } = measuredRows(parseTrace(siliconRows, readFileSync(dataFile(values.rows), 'utf8')));
  if (rows.length === 0) {
    throw new Error(`${values.rows} has no row that can be predicted; left out: ${JSON.stringify(skipped)}`);
  }
  if (values.fit) {
    const own = distinct(rows).filter(isForFitting);
    await writeCoefficients(calibrate(own, say), own);
    say('coefficients written: npm run format, then run without --fit to see the errors on the other rows');
  } else {
    const unseen = values.unseen ? unseenErrors(distinct(rows), say) : undefined;
    printReport(reportErrors(rows, skipped, unseen), values.json === true);
  }
}
