import { z } from 'zod';
import { requests } from './schema-registries.ts';

/** A body of a request; a field that is not listed is refused by name, since a misspelt one would do nothing. */
export function body<F extends z.ZodRawShape>(id: string, fields: F) {
  return z.strictObject(fields).register(requests, { id });
}

export const label = z.string().min(1).max(200);
export const count = z.int().min(0).max(1_000_000);
export const bytes = z.int().min(0);

/** Parameters in the path: ids and names, checked by the service that owns them. */
export const path = <const N extends string>(...names: readonly N[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, z.string().min(1).max(1_024)])) as Record<N, z.ZodString>);

export const page = {
  page_size: z.coerce.number<string>().int().min(0).max(500).default(0).describe('0 means 50.'),
  page_token: z.string().max(2_000).default('').describe('next_page_token of the page before.'),
};

export const query = <F extends z.ZodRawShape>(fields: F) => z.strictObject(fields);
export const pageQuery = query(page);
export type PageQuery = z.output<typeof pageQuery>;

/** What a list's request needs of the query. */
export const toPage = ({ page_size, page_token }: PageQuery) => ({ pageSize: page_size, pageToken: page_token });
