type Numbers = Int32Array | Uint32Array | Uint16Array;

/** No entry. */
export const NONE = -1;

/** A quarter more at a time: arrays are then at least 80 % used, which is what keeps a block below 64 bytes. */
export function grownSize(size: number): number {
  return size + Math.max(256, size >>> 2);
}

/** The same numbers in a longer array. */
export function grown<T extends Numbers>(array: T, size: number): T {
  const longer = new (array.constructor as new (length: number) => T)(size);
  longer.set(array);
  return longer;
}
