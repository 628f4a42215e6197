import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes what a jest run found to the file OSTRO_TEST_RESULTS names, so that `npm test` can add up its three rings. A suite that
 * could not be loaded counts as one failed test: no test of it ran, and a sum without it would look green.
 */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const tests = results.testResults.flatMap((suite) =>
      suite.testResults.map(({ fullName, status, duration }) => ({
        file: suite.testFilePath,
        name: fullName,
        status,
        ms: duration ?? 0,
      })),
    );
    const summary = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
      tests,
    };
    const file = process.env.OSTRO_TEST_RESULTS;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(summary));
  }
}
