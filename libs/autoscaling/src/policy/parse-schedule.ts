import { Fields, invalid, list } from './fields.ts';
import { localTime } from './local-time.ts';
import { type Schedule, type Weekday, WEEKDAYS } from './policy.ts';

const MAX_REPLICAS = 10_000;
const DAY_MINUTES = 1_440;

/** `{days: [mon, tue], from: "08:00", to: "18:00", timeZone: Europe/Paris, minReplicas: 2}`; no days = every day. */
export function parseSchedule(input: unknown, place: string): Schedule {
  const fields = new Fields(input, place);
  const days = fields.take('days');
  const schedule: Schedule = {
    days: days === undefined ? WEEKDAYS : list(days, `${place}.days`).map((day) => parseDay(day, place)),
    fromMinute: parseMinute(fields.take('from'), `${place}.from`),
    toMinute: parseMinute(fields.take('to'), `${place}.to`),
    timeZone: parseTimeZone(fields.take('timeZone'), `${place}.timeZone`),
    minReplicas: fields.optionalWhole('minReplicas', 0, MAX_REPLICAS),
    maxReplicas: fields.optionalWhole('maxReplicas', 0, MAX_REPLICAS),
  };
  fields.end();
  if (schedule.fromMinute === schedule.toMinute) throw invalid(place, 'begins when it ends; 00:00 to 24:00 is a day');
  if (schedule.days.length === 0) throw invalid(`${place}.days`, 'is empty; name a day or leave it out for every day');
  if (schedule.minReplicas === undefined && schedule.maxReplicas === undefined) {
    throw invalid(place, 'changes nothing; give it minReplicas or maxReplicas');
  }
  return schedule;
}

function parseDay(input: unknown, place: string): Weekday {
  const found = WEEKDAYS.find((day) => day === input);
  if (found !== undefined) return found;
  throw invalid(`${place}.days`, `must be of ${WEEKDAYS.join(', ')}, not ${JSON.stringify(input)}`);
}

function parseMinute(input: unknown, place: string): number {
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(String(input)) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (minute <= DAY_MINUTES && Number(minutes) < 60) return minute;
  throw invalid(place, `must be a time like "08:30", from "00:00" to "24:00", not ${JSON.stringify(input)}`);
}

function parseTimeZone(input: unknown, place: string): string {
  const timeZone = input ?? 'UTC';
  try {
    if (typeof timeZone !== 'string') throw new TypeError('not a text');
    localTime(0, timeZone);
    return timeZone;
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw invalid(place, `must be a time zone like "Europe/Paris", not ${JSON.stringify(input)}`);
  }
}
