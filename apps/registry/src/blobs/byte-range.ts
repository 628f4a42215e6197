/** Bytes to send, both ends included, as HTTP counts them. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of `size` bytes (RFC 9110, section 14). Undefined: send everything, as for a header that is
 * malformed or asks for several ranges at once, which a server may ignore.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15}))$/i.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) return satisfiable(Math.max(0, size - Number(suffix)), size - 1, Number(suffix) > 0);
  const start = Number(first);
  const end = last ? Number(last) : size - 1;
  if (last && end < start) return undefined;
  return satisfiable(start, Math.min(end, size - 1), start < size);
}

function satisfiable(start: number, end: number, isSatisfiable: boolean): ByteRange | 'unsatisfiable' {
  return isSatisfiable && start <= end ? { start, end } : 'unsatisfiable';
}
