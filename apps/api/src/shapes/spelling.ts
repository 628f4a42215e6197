/** `projectId` as `project_id`: what a field of a contract is called in JSON. */
export type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${Snake<Tail>}`
    : `_${Lowercase<Head>}${Snake<Tail>}`
  : S;

/** `project_id` as `projectId`: what a field of a contract is called in the generated types. */
export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

export function camel<S extends string>(name: S): Camel<S> {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as Camel<S>;
}

/** The same object with its own fields, not those below, under the names of the generated types. */
export function camelFields<T extends object>(json: T): { [K in keyof T & string as Camel<K>]: T[K] } {
  const fields = Object.entries(json).map(([name, value]) => [camel(name), value]);
  return Object.fromEntries(fields) as { [K in keyof T & string as Camel<K>]: T[K] };
}
