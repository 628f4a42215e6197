import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DomainError, isDomainError } from '@ostro/kernel';
import { type Progress, type Report, type Scenario, simulate } from '@ostro/simulator';
import type { Output } from '../output/output.ts';
import { count } from '../output/units.ts';
import type { Session } from '../session.ts';
import { figuresOf } from './comparison.ts';
import { duration } from './figures-in-words.ts';
import { pageOf } from './page.ts';
import { type Policy, readPolicy } from './read-policy.ts';
import { placeInPolicy, scenarioOf } from './scenario.ts';
import { showResult } from './show-result.ts';
import { fileNotFound, TraceFile, type TraceSurvey } from './trace-file.ts';

export interface SimulateOptions {
  readonly trace: string;
  readonly policy: string;
  readonly against?: string;
  readonly format?: string;
  readonly seed: number;
  readonly maxBadRows: number;
  readonly html?: string;
}

/** Everything that can be wrong is found before the first simulation begins, because that may take minutes. */
export function runSimulation({ io, out }: Session, options: SimulateOptions): void {
  const at = (path: string) => resolve(io.directory, path);
  const page = options.html === undefined ? undefined : at(options.html);
  if (page !== undefined) checkPage(page);
  const policies = readPolicies(options, at);
  const trace = new TraceFile(at(options.trace), options.format, options.maxBadRows);
  // With --json nothing but words for a log goes to standard error.
  const progress = (line: string) => out.json || out.progress(line);
  progress(`reading ${options.trace}`);
  const survey = trace.survey();
  progress('');
  sayWhatIsMissing(out, survey);
  const scenarios = policies.map((policy) => ({ policy, scenario: scenarioOf(policy, trace, survey, options.seed) }));
  const outcomes = scenarios.map(({ policy, scenario }) => {
    const { name } = policy.document;
    return { name, report: run(policy, scenario, inWords(name, survey, progress)) };
  });
  progress('');
  const whatIf = { trace: { ...survey, file: basename(options.trace) }, seed: options.seed, outcomes };
  if (page !== undefined) writeFileSync(page, pageOf(whatIf));
  showResult(out, whatIf, figuresOf(outcomes.map(({ report }) => report)));
  if (page !== undefined) out.say(`Charts are in ${page}`);
}

function readPolicies({ policy, against }: SimulateOptions, at: (path: string) => string): Policy[] {
  const own = readPolicy(policy, textOf(at(policy)));
  if (against === undefined) return [own];
  const rival = readPolicy(against, textOf(at(against)));
  if (rival.document.name !== own.document.name) return [own, rival];
  const text = `is ${JSON.stringify(own.document.name)} as in ${policy}: give one of them another, so that a table can tell them apart`;
  throw rival.yaml.refusal([{ path: ['name'], text }]);
}

function sayWhatIsMissing(out: Output, { badRows, leftOut }: TraceSurvey): void {
  for (const badRow of badRows) out.say(`left out: ${badRow}`);
  if (leftOut > 0) out.say(`left out: ${leftOut} rows that are no requests a replica served`);
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_POLICY) at the line of the policy that the simulator cannot work with. */
function run({ document, yaml }: Policy, scenario: Scenario, onProgress: (progress: Progress) => void): Report {
  try {
    return simulate(scenario, onProgress);
  } catch (error) {
    const field = isDomainError(error) ? error.details['field'] : undefined;
    const path = field === undefined ? undefined : placeInPolicy(field, scenario, document);
    if (path === undefined) throw error;
    throw yaml.refusal([{ path, text: `cannot be simulated: ${(error as DomainError).message}` }]);
  }
}

/** "default: 43 %, 5.1 h simulated, 1,204 requests answered", once a percent. */
function inWords(name: string, { requests }: TraceSurvey, say: (line: string) => void): (progress: Progress) => void {
  let shown = -1;
  return ({ simulatedMs, arrived, completed }) => {
    const percent = Math.floor((arrived / requests) * 100);
    if (percent === shown) return;
    shown = percent;
    say(`${name}: ${percent} %, ${duration(simulatedMs)} simulated, ${count(completed)} requests answered`);
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileNotFound(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

/** Found out before minutes were spent on what it should hold. */
function checkPage(page: string): void {
  const isThere = existsSync(page);
  if (isThere && statSync(page).isDirectory()) throw notWritten(page, 'it is a folder');
  try {
    accessSync(isThere ? page : dirname(page), constants.W_OK);
  } catch (error) {
    throw notWritten(page, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

function notWritten(page: string, why: string): DomainError {
  const message = `${page} cannot be written: ${why}; name a file in a folder that is there`;
  return new DomainError('INVALID_ARGUMENT', 'FILE_NOT_WRITTEN', message);
}
