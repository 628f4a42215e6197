import type { Report } from '@ostro/simulator';
import type { Outcome } from './what-if.ts';
import { type Joined, minutesPerPoint, thin } from './thin.ts';

/** One line of a chart. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Which policy it is of, for its colour; none for what the trace itself says. */
  readonly policy?: number;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly note: string;
  readonly lines: readonly Line[];
}

/** Charts over the same time axis. */
export interface Charts {
  readonly timeUnit: 'minutes' | 'hours' | 'days';
  /** Begin of each point, in `timeUnit` since the first request. */
  readonly times: readonly number[];
  readonly charts: readonly Chart[];
}

interface Kind {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly joined: Joined;
  readonly of: (series: Report['series']) => readonly (number | null)[];
}

const SECOND_MS = 1_000;
const MINUTES_PER_HOUR = 60;

const KINDS: readonly Kind[] = [
  { id: 'gpus', title: 'GPUs held', unit: 'GPUs', joined: 'mean', of: ({ gpus }) => gpus },
  { id: 'gpu-hours', title: 'GPU-hours so far', unit: 'GPU-hours', joined: 'max', of: ({ gpus }) => soFar(gpus) },
  {
    id: 'waiting',
    title: 'Requests waiting for a replica',
    unit: 'requests',
    joined: 'max',
    of: ({ waiting }) => waiting,
  },
  {
    id: 'wait',
    title: 'Wait for a replica, p99',
    unit: 'seconds',
    joined: 'max',
    of: ({ waitP99Ms }) => seconds(waitP99Ms),
  },
  {
    id: 'ttft',
    title: 'Time to first token, p99',
    unit: 'seconds',
    joined: 'max',
    of: ({ ttftP99Ms }) => seconds(ttftP99Ms),
  },
  { id: 'refused', title: 'Requests refused', unit: 'per minute', joined: 'mean', of: ({ refused }) => refused },
];

/** What the page draws, with at most `points` points a line; charts in which nothing ever happens are left out. */
export function chartsOf(outcomes: readonly Outcome[], points: number): Charts {
  const minutes = Math.max(...outcomes.map(({ report }) => report.series.arrived.length));
  const size = minutesPerPoint(minutes, points);
  const timeUnit = minutes <= 3 * MINUTES_PER_HOUR ? 'minutes' : minutes <= 72 * MINUTES_PER_HOUR ? 'hours' : 'days';
  const perUnit = { minutes: 1, hours: MINUTES_PER_HOUR, days: 24 * MINUTES_PER_HOUR }[timeUnit];
  const times = Array.from({ length: Math.ceil(minutes / size) }, (_, at) =>
    Number(((at * size) / perUnit).toFixed(4)),
  );
  const charts = [arrivals(outcomes, size), ...KINDS.map((kind) => chartOf(kind, outcomes, size))];
  return { timeUnit, times, charts: charts.filter(hasSomething).map((chart) => filledTo(chart, times.length)) };
}

/** The same under every policy, since it is the trace. */
function arrivals([first]: readonly Outcome[], size: number): Chart {
  const values = thin(first!.report.series.arrived, size, 'mean');
  const lines = [{ name: 'arrived', values }];
  return { id: 'arrived', title: 'Requests', unit: 'per minute', note: noteOn('mean', size), lines };
}

function chartOf({ id, title, unit, joined, of }: Kind, outcomes: readonly Outcome[], size: number): Chart {
  const lines = outcomes.map(({ name, report }, policy) => ({
    name,
    policy,
    values: thin(of(report.series), size, joined),
  }));
  return { id, title, unit, note: noteOn(joined, size), lines };
}

function noteOn(joined: Joined, size: number): string {
  if (size === 1) return 'One point a minute.';
  return joined === 'max'
    ? `Each point is the highest of ${size} minutes.`
    : `Each point is the mean of ${size} minutes.`;
}

function hasSomething({ lines }: Chart): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null && value !== 0));
}

/** One policy may end later than the other. */
function filledTo(chart: Chart, length: number): Chart {
  const lines = chart.lines.map((line) => ({
    ...line,
    values: Array.from({ length }, (_, at) => line.values[at] ?? null),
  }));
  return { ...chart, lines };
}

function soFar(gpus: readonly number[]): number[] {
  let total = 0;
  return gpus.map((each) => (total += each / MINUTES_PER_HOUR));
}

function seconds(ms: readonly (number | null)[]): (number | null)[] {
  return ms.map((each) => (each === null ? null : each / SECOND_MS));
}
