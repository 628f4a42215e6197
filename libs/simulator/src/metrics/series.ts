import type { Series } from '../report.ts';
import { Histogram, rounded } from './histogram.ts';

const MINUTE_MS = 60_000;

/** How things stand at one moment. */
export interface Levels {
  readonly replicas: number;
  readonly ready: number;
  readonly waiting: number;
  readonly running: number;
  readonly gpus: number;
}

type Row<T> = { [K in keyof Omit<Series, 'stepMs'>]: T };

/** One value a minute of everything that is drawn. Only the current minute is kept in full. */
export class SeriesRecorder {
  readonly #levels: () => Levels;
  readonly #onMinute: (endMs: number) => void;
  readonly #columns: Row<(number | null)[]> = {
    arrived: [],
    completed: [],
    refused: [],
    replicas: [],
    ready: [],
    waiting: [],
    running: [],
    gpus: [],
    waitP99Ms: [],
    ttftP50Ms: [],
    ttftP99Ms: [],
  };
  #endMs = MINUTE_MS;
  #arrived = 0;
  #completed = 0;
  #refused = 0;
  #waitMs = new Histogram();
  #ttftMs = new Histogram();

  constructor(levels: () => Levels, onMinute: (endMs: number) => void) {
    this.#levels = levels;
    this.#onMinute = onMinute;
  }

  arrived(): void {
    this.#arrived += 1;
  }

  refused(): void {
    this.#refused += 1;
  }

  completed(waitMs: number, ttftMs: number | undefined): void {
    this.#completed += 1;
    this.#waitMs.add(waitMs);
    if (ttftMs !== undefined) this.#ttftMs.add(ttftMs);
  }

  /** Closes every minute that has ended before something happens at `nowMs`. */
  advance(nowMs: number): void {
    while (this.#endMs <= nowMs) this.#close();
  }

  /** Closes the minute under way and gives all of them. */
  finish(): Series {
    this.#close();
    return { stepMs: MINUTE_MS, ...(this.#columns as Row<number[]>) };
  }

  #close(): void {
    const { gpus, ...levels } = this.#levels();
    const row: Row<number | null> = {
      arrived: this.#arrived,
      completed: this.#completed,
      refused: this.#refused,
      ...levels,
      gpus: rounded(gpus),
      waitP99Ms: nullable(this.#waitMs.percentile(990)),
      ttftP50Ms: nullable(this.#ttftMs.percentile(500)),
      ttftP99Ms: nullable(this.#ttftMs.percentile(990)),
    };
    for (const [name, value] of Object.entries(row)) this.#columns[name as keyof typeof row].push(value);
    this.#onMinute(this.#endMs);
    this.#endMs += MINUTE_MS;
    this.#arrived = 0;
    this.#completed = 0;
    this.#refused = 0;
    if (this.#waitMs.count > 0) this.#waitMs = new Histogram();
    if (this.#ttftMs.count > 0) this.#ttftMs = new Histogram();
  }
}

function nullable(value: number | null): number | null {
  return value === null ? null : rounded(value);
}
