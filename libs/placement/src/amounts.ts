const GIB = 2 ** 30;
/** 4 TiB: beyond any accelerator, and small enough that scores stay exact integers (see `milliOf`). */
export const MAX_ACCELERATOR_BYTES = 2 ** 42;
/** 1 PiB of host memory and a million cores: beyond these a report is wrong, not big. */
export const MAX_HOST_BYTES = 2 ** 50;
export const MAX_CPU_MILLI = 10 ** 9;
const COMPUTE_CAPABILITY = /^[0-9]{1,3}\.[0-9]{1,3}$/;

/** Whether it is an integer from 0 to max; NaN, infinities, fractions and negatives are not. */
export function isAmount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** NVIDIA's major and minor number, such as 9.0. */
export function isComputeCapability(text: string): boolean {
  return COMPUTE_CAPABILITY.test(text);
}

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
