import { z } from 'zod';
import { answers } from './schema-registries.ts';
import { camel, type Snake } from './spelling.ts';

/**
 * How a field of a contract is told in JSON: each is a schema from the generated type to JSON, so the same line
 * projects the answer and describes it in the OpenAPI document.
 */
export const text = z.string();
export const whole = z.int();
export const flag = z.boolean();

/** Tokens, bytes, generations: JSON numbers. Beyond 2^53 a reader would see another number, so that is refused. */
export const quantity = z.bigint().max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number).pipe(z.int().min(0));

/** A 64-bit number that is no quantity, such as a seed: decimal digits. */
export const digits = z.bigint().transform(String).pipe(z.string().regex(/^\d+$/));

export const instant = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.iso.datetime())
  .optional();

export const hex = z
  .custom<Buffer>((value) => value instanceof Uint8Array)
  .transform((bytes) => Buffer.from(bytes).toString('hex'))
  .pipe(z.string().regex(/^[0-9a-f]*$/));

/** Every field of a message, so that one added to the contract and forgotten here does not compile. */
type FieldsOf<M> = { readonly [K in keyof M & string as Snake<K>]: z.ZodType<unknown, M[K]> };

type Fields = Readonly<Record<string, z.ZodType>>;
type Renamed = Record<string, unknown>;

/** Zod cannot see that the renamed fields are what the object takes; `FieldsOf` has checked it. */
const objectOf = <F extends Fields>(fields: F) =>
  z.object(fields) as unknown as z.ZodType<z.output<z.ZodObject<F>>, Renamed>;

/** A message of a contract as JSON: snake_case names, absent sub-messages left out. */
export function view<M extends object>() {
  return <F extends FieldsOf<M> & Fields>(id: string, fields: F) => {
    const names = Object.keys(fields).map((name) => [name, camel(name) as keyof M] as const);
    return z
      .custom<M>((value) => typeof value === 'object' && value !== null)
      .transform((message): Renamed => Object.fromEntries(names.map(([name, key]) => [name, message[key]])))
      .pipe(objectOf(fields))
      .register(answers, { id });
  };
}

type ValueOf<C, K> = Extract<C, { $case: K }> extends infer V ? V[K & keyof V] : never;

type CasesOf<C extends { readonly $case: string }> = {
  readonly [K in C['$case'] as Snake<K>]: z.ZodType<unknown, ValueOf<C, K>>;
};

/** A `oneof` as an object with the one field that is set. */
export function oneOf<C extends { readonly $case: string }>() {
  return <F extends CasesOf<C> & Fields>(fields: F) => {
    const names = new Map(Object.keys(fields).map((name) => [camel(name) as string, name]));
    const optional = z.object(fields).partial() as unknown as z.ZodType<Partial<z.output<z.ZodObject<F>>>, Renamed>;
    return z
      .custom<C>()
      .transform((chosen): Renamed => ({ [names.get(chosen.$case)!]: chosen[chosen.$case as keyof C] }))
      .pipe(optional)
      .optional();
  };
}

/** A page of a list, as the services answer it. */
export interface Listed<T> {
  readonly items: T[];
  readonly nextPageToken: string;
}

/** The same as JSON. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  const fields = { items: z.array(item), next_page_token: z.string().describe('Empty: this was the last page.') };
  return z
    .custom<Listed<z.input<T>>>()
    .transform(({ items, nextPageToken }): Renamed => ({ items, next_page_token: nextPageToken }))
    .pipe(objectOf(fields))
    .register(answers, { id });
}
