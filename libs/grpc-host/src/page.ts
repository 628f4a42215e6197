import { createHash } from 'node:crypto';
import { DomainError } from '@ostro/kernel';

const DEFAULT_SIZE = 50;
const MAX_SIZE = 500;

/** What makes two lists the same list: every field of the request but the page's. */
export type Filters = Readonly<Record<string, string | number | bigint | boolean | undefined | readonly string[]>>;

/** The part of a list to read. */
export interface Page {
  readonly size: number;
  /** Sort keys of the last item already seen; absent on the first page. */
  readonly after?: readonly string[];
  readonly filters: Filters;
}

/**
 * Parses `page_size` (0 means 50, at most 500) and `page_token`. A token continues exactly the list it came from: it
 * is checked, not signed, since it only says where to go on in what the query shows the caller anyway.
 *
 * @throws DomainError INVALID_ARGUMENT (INVALID_PAGE_SIZE, INVALID_PAGE_TOKEN)
 */
export function parsePage(request: { pageSize: number; pageToken: string }, filters: Filters): Page {
  const { pageSize, pageToken } = request;
  if (!Number.isInteger(pageSize) || pageSize < 0) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'INVALID_PAGE_SIZE',
      `page_size is 0 to ${MAX_SIZE}; 0 means ${DEFAULT_SIZE}`,
    );
  }
  const size = Math.min(pageSize || DEFAULT_SIZE, MAX_SIZE);
  return pageToken === '' ? { size, filters } : { size, filters, after: cursorIn(pageToken, filters) };
}

/**
 * One page of rows that were read with a limit of `page.size + 1`: the row too many says that there is a next page.
 * `cursorOf` gives an item's sort keys, the last of them unique.
 */
export function takePage<T>(
  rows: readonly T[],
  page: Page,
  cursorOf: (item: T) => readonly string[],
): { items: readonly T[]; nextPageToken: string } {
  const items = rows.slice(0, page.size);
  const last = items.at(-1);
  const more = rows.length > page.size && last !== undefined;
  return { items, nextPageToken: more ? tokenFor(cursorOf(last), page.filters) : '' };
}

function tokenFor(cursor: readonly string[], filters: Filters): string {
  return Buffer.from(JSON.stringify([fingerprint(cursor, filters), ...cursor])).toString('base64url');
}

function cursorIn(token: string, filters: Filters): readonly string[] {
  const [mark, ...cursor] = parts(token);
  if (cursor.length > 0 && mark === fingerprint(cursor, filters)) return cursor;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_PAGE_TOKEN',
    'page_token does not belong to this list; repeat the request that gave it with the same fields, or start without it',
  );
}

function parts(token: string): string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : [];
  } catch {
    // Text that is no JSON has no cursor in it, which the caller of this function reports.
    return [];
  }
}

function fingerprint(cursor: readonly string[], filters: Filters): string {
  const known = Object.entries(filters).filter(([, value]) => value !== undefined);
  const sorted = known.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, textOf(value)]);
  return createHash('sha256')
    .update(JSON.stringify([sorted, cursor]))
    .digest('base64url')
    .slice(0, 16);
}

function textOf(value: Filters[string]): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
