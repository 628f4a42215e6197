const KIB = 1_024;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 1,536 bytes as "1.5 KiB". */
export function byteSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= KIB && unit < BYTE_UNITS.length - 1) {
    value /= KIB;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

const SPANS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'm', seconds: 60 },
];

/** How long ago, in one unit: "3 h". */
export function age(time: string | undefined, now: Date): string {
  if (time === undefined) return '';
  const seconds = Math.max(0, Math.round((now.getTime() - new Date(time).getTime()) / 1_000));
  const span = SPANS.find((each) => seconds >= each.seconds);
  return span ? `${Math.floor(seconds / span.seconds)} ${span.unit}` : `${seconds} s`;
}

/** As the ledger has it: exact, never rounded. */
export function money(amount: { readonly amount: string; readonly currency: string } | undefined): string {
  return amount ? `${amount.amount} ${amount.currency}` : '';
}

const DURATION = /^(\d+)(s|m|h|d)$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** "90d" in seconds; undefined for what is no duration. */
export function durationSeconds(text: string): number | undefined {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * SECONDS[unit!]!;
}
