import type { Figure, Unit } from './comparison.ts';

const WRITE: Readonly<Record<Unit, (value: number) => string>> = {
  hours: (value) => `${decimal(value, 1)} h`,
  euros: (value) => `${decimal(value, 2)} EUR`,
  count: (value) => decimal(value, 0),
  share: (value) => `${decimal(value * 100, 1)} %`,
  ms: duration,
};

/** A figure with its unit; nothing where there is none. */
export function written(value: number | undefined, unit: Unit): string {
  return value === undefined ? '' : WRITE[unit](value);
}

/** The policy against its rival: "-34.2 %", and where a share is meant, in points. */
export function writtenDifference({ difference, relative, unit }: Figure): string {
  if (difference === undefined) return '';
  if (difference === 0) return 'same';
  if (unit === 'share') return `${signed(difference * 100)} points`;
  return relative === undefined
    ? `${difference > 0 ? '+' : '-'}${written(Math.abs(difference), unit)}`
    : `${signed(relative * 100)} %`;
}

/** 22,700 ms as "22.7 s": three digits or so, in the unit a person would say. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${decimal(ms, ms < 10 ? 1 : 0)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 120) return `${decimal(seconds, seconds < 10 ? 2 : 1)} s`;
  const minutes = seconds / 60;
  if (minutes < 120) return `${decimal(minutes, 1)} min`;
  const hours = minutes / 60;
  return hours < 72 ? `${decimal(hours, 1)} h` : `${decimal(hours / 24, 1)} days`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : '-'}${decimal(Math.abs(value), 1)}`;
}

function decimal(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
