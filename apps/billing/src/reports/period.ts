import { DomainError, interval, type Interval } from '@ostro/kernel';

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

/** @throws DomainError INVALID_ARGUMENT (INVALID_MONTH) */
export function monthPeriod(month: string, now: Date): Interval {
  const text = month === '' ? now.toISOString().slice(0, 7) : month;
  if (!MONTH.test(text)) {
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_MONTH', 'month is a UTC month such as 2026-11', {
      details: { field: 'month' },
    });
  }
  const start = new Date(`${text}-01T00:00:00Z`);
  return interval(start, new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1)));
}

/** From the start of this month until now, unless told. @throws DomainError INVALID_ARGUMENT (INVALID_PERIOD) */
export function usagePeriod(
  { startTime, endTime }: { readonly startTime: Date | undefined; readonly endTime: Date | undefined },
  now: Date,
): Interval {
  const start = startTime ?? monthPeriod('', now).start;
  const end = endTime ?? now;
  if (start.getTime() <= end.getTime()) return interval(start, end);
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_PERIOD', 'start_time must not be after end_time', {
    details: { field: 'start_time' },
  });
}
