const GIB = 2 ** 30;

/**
 * How many thousandths of `whole` a part is, rounded down. Integers in, integer out, so every machine and every replay
 * agree. Exact while `part` is below 2^43, which `MAX_ACCELERATOR_BYTES` guarantees for accelerator memory.
 */
export function milliOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 1000) / whole);
}

/** "6.2 GiB" rounded down: never promises memory that is not there. */
export function freeGiB(bytes: number): string {
  return `${(Math.floor((bytes * 10) / GIB) / 10).toFixed(1)} GiB`;
}

/** "14.9 GiB" rounded up: never asks for less than is needed, so "15.0 free, 15.0 needed" cannot be a refusal. */
export function neededGiB(bytes: number): string {
  return `${(Math.ceil((bytes * 10) / GIB) / 10).toFixed(1)} GiB`;
}

/** "1.5 cores" out of thousandths of a core. */
export function cores(cpuMilli: number): string {
  return cpuMilli === 1000 ? '1 core' : `${cpuMilli / 1000} cores`;
}

/** Plain code unit order: the one order of ids, the same in every locale. */
export function compareIds(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
