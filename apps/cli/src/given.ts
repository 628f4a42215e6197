type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Only what was said: options that nobody wrote are left to the API's defaults. */
export function given<T extends object>(values: T): Partial<Given<T>> {
  const said = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<Given<T>>;
}
