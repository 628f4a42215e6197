import { type Weekday, WEEKDAYS } from './policy.ts';

export interface LocalTime {
  readonly day: Weekday;
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The wall clock of a place. The time-zone database of the runtime knows when clocks change, so a window from 08:00 begins
 * when people there read 08:00, in summer and in winter.
 * @throws RangeError for an unknown time zone.
 */
export function localTime(atMs: number, timeZone: string): LocalTime {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const weekday = parts.get('weekday')?.toLowerCase();
  const day = WEEKDAYS.find((each) => each === weekday);
  if (day === undefined) throw new RangeError(`no weekday for ${atMs} in ${timeZone}`);
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}
