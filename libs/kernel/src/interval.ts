/** Half-open `[start, end)`, as in FOCUS: periods tile without gap or overlap. */
export interface Interval {
  readonly start: Date;
  readonly end: Date;
}

/** @throws RangeError when end is before start: a bug of the caller, never user input. */
export function interval(start: Date, end: Date): Interval {
  if (end.getTime() < start.getTime()) throw new RangeError('interval ends before it starts');
  return { start, end };
}

export function contains({ start, end }: Interval, instant: Date): boolean {
  return start.getTime() <= instant.getTime() && instant.getTime() < end.getTime();
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.start.getTime() < b.end.getTime() && b.start.getTime() < a.end.getTime();
}
