/** How values of neighbouring minutes become one: counts and levels as their mean, waits as the worst of them. */
export type Joined = 'mean' | 'max';

/** How many minutes one point stands for, so that a chart has at most `points` of them. */
export function minutesPerPoint(minutes: number, points: number): number {
  return Math.max(1, Math.ceil(minutes / points));
}

/** A value a minute as one value for every `size` minutes; null where no minute has one. */
export function thin(values: readonly (number | null)[], size: number, joined: Joined): (number | null)[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, at) => {
    const bucket = values.slice(at * size, (at + 1) * size).filter((value) => value !== null);
    if (bucket.length === 0) return null;
    const value = joined === 'max' ? Math.max(...bucket) : bucket.reduce((sum, each) => sum + each, 0) / bucket.length;
    return rounded(value);
  });
}

/** Four digits are more than a chart shows, and keep the page small. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
