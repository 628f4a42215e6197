/** What a table needs of a view of a compacted topic, whatever feeds it. */
export interface View<T> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Milliseconds since its owner last said that nothing is missing; Infinity: never. */
  ageMs(): number;
}
