import type { Report, Summary } from '@ostro/simulator';

/** What a figure is counted in; it decides how it is written. */
export type Unit = 'hours' | 'euros' | 'count' | 'ms' | 'share';

/** One line of the result: a figure of the policy, and of its rival where there is one. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly (number | undefined)[];
  /** Policy minus rival. */
  readonly difference: number | undefined;
  /** The same as a share of the rival's; undefined where that is zero. */
  readonly relative: number | undefined;
  /** Which direction is better; undefined where neither is. */
  readonly better: 'less' | 'more' | undefined;
}

interface Measure {
  readonly name: string;
  readonly unit: Unit;
  readonly better?: 'less' | 'more';
  readonly of: (report: Report) => number | undefined;
}

const MEASURES: readonly Measure[] = [
  { name: 'GPU-hours', unit: 'hours', better: 'less', of: ({ gpuHours }) => gpuHours },
  { name: 'cost', unit: 'euros', better: 'less', of: ({ milliEuro }) => milliEuro / 1_000 },
  { name: 'cold starts', unit: 'count', better: 'less', of: ({ coldStarts }) => coldStarts },
  { name: 'requests that found no replica', unit: 'count', better: 'less', of: ({ coldRequests }) => coldRequests },
  { name: 'requests that waited over 1 s', unit: 'share', better: 'less', of: ({ delayedShare }) => delayedShare },
  ...timesOf('wait', ({ waitMs }) => waitMs, ['mean', 'p95', 'p99']),
  ...timesOf('time to first token', ({ ttftMs }) => ttftMs, ['mean', 'p50', 'p95', 'p99']),
  ...timesOf('time per output token', ({ tpotMs }) => tpotMs, ['p50', 'p95']),
  ...timesOf('whole answer', ({ totalMs }) => totalMs, ['p50', 'p99']),
  {
    name: 'input tokens from the prefix cache',
    unit: 'share',
    better: 'more',
    of: ({ inputTokens, cachedTokens }) => (inputTokens > 0 ? cachedTokens / inputTokens : undefined),
  },
  {
    name: 'preemptions',
    unit: 'count',
    better: 'less',
    of: ({ outputTokens, preemptions }) => (outputTokens > 0 ? preemptions : undefined),
  },
  { name: 'answered', unit: 'count', better: 'more', of: ({ requests }) => requests.completed },
  { name: 'refused', unit: 'count', better: 'less', of: ({ requests }) => requests.refused },
];

const FIRST_TOKEN = 'time to first token, mean';

function timesOf(name: string, summary: (report: Report) => Summary, keys: readonly (keyof Summary)[]): Measure[] {
  return keys.map((key) => ({
    name: `${name}, ${key}`,
    unit: 'ms',
    better: 'less',
    of: (report) => (summary(report).count > 0 ? summary(report)[key] : undefined),
  }));
}

/** The figures of one or two reports, side by side; those that neither has are left out. */
export function figuresOf(reports: readonly Report[]): Figure[] {
  return [...MEASURES, ...refusalMeasures(reports)]
    .map(({ name, unit, better, of }) => {
      const values = reports.map(of);
      return { name, unit, values, ...differenceOf(values), better };
    })
    .filter(({ values }) => values.some((value) => value !== undefined));
}

function refusalMeasures(reports: readonly Report[]): Measure[] {
  const reasons = new Set(reports.flatMap(({ requests }) => Object.keys(requests.refusedByReason)));
  return [...reasons].sort().map((reason) => ({
    name: `refused: ${reason.toLowerCase().replaceAll('_', ' ')}`,
    unit: 'count',
    better: 'less',
    of: ({ requests }) => (requests.refusedByReason as Readonly<Record<string, number>>)[reason] ?? 0,
  }));
}

function differenceOf([own, rival]: readonly (number | undefined)[]): Pick<Figure, 'difference' | 'relative'> {
  if (own === undefined || rival === undefined) return { difference: undefined, relative: undefined };
  return { difference: own - rival, relative: rival === 0 ? undefined : (own - rival) / rival };
}

/** -1 where the policy is better than its rival, 1 where it is worse, 0 where nobody can say. */
export function verdict({ difference = 0, better }: Figure): -1 | 0 | 1 {
  if (difference === 0 || better === undefined) return 0;
  return difference < 0 === (better === 'less') ? -1 : 1;
}

/** "ostro costs 23.1 % less than knative; its requests wait 30.0 % longer for their replica in the mean." */
export function inOneSentence(figures: readonly Figure[], [own, rival]: readonly { readonly name: string }[]): string {
  if (own === undefined || rival === undefined) return '';
  const cost = compared(figures, 'cost', ['the same as', 'less than', 'more than', 'costs']);
  const isChat = figures.some(({ name }) => name === FIRST_TOKEN);
  const wait = compared(figures, isChat ? FIRST_TOKEN : 'wait, mean', ['as long', 'less', 'longer', 'wait']);
  return `${own.name} ${cost} ${rival.name}; its requests ${wait} for their ${isChat ? 'first token' : 'replica'} in the mean.`;
}

function compared(figures: readonly Figure[], name: string, [same, less, more, verb]: readonly string[]): string {
  const { difference = 0, relative } = figures.find((figure) => figure.name === name) ?? {};
  if (difference === 0) return `${verb} ${same}`;
  const share = relative === undefined ? '' : `${(Math.abs(relative) * 100).toFixed(1)} % `;
  return `${verb} ${share}${difference < 0 ? less : more}`;
}
