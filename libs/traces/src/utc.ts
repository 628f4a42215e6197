const TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/;

/**
 * Whole milliseconds since 1970 of a time written as "2023-11-16 18:17:03.9799600" or in ISO 8601 with Z, cut and not
 * rounded; undefined for anything else, also for the 30th of February.
 */
export function utcMs(text: string): number | undefined {
  const [, ...parts] = TIME.exec(text) ?? [];
  if (parts.length === 0) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(0, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Number((parts[6] ?? '').slice(0, 3).padEnd(3, '0'));
  const at = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  // Date.UTC takes the years before 100 for years of the last century.
  const isDate = year >= 1_000 && new Date(at).getUTCDate() === day;
  const isReal = isDate && hour < 24 && minute < 60 && second < 60;
  return isReal ? at : undefined;
}
