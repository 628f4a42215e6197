import type { ByteCursor } from '../byte-cursor.ts';
import { type Rule, refuse } from '../rules.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a string's length and holds it against the file and the limit before anything is allocated for it. */
export async function readLength(cursor: ByteCursor, limit: number, tooLong: Rule, what: string): Promise<number> {
  if (!cursor.has(8)) await cursor.need(8, what);
  const at = cursor.position;
  const length = cursor.u64();
  if (length > cursor.remaining) {
    refuse(
      'GGUF_STRING_BEYOND_FILE',
      `${what} at byte ${at} says it has ${length} bytes, the file has ${cursor.remaining} left`,
    );
  }
  if (length > limit) refuse(tooLong, `${what} at byte ${at} has ${length} bytes, more than ${limit}`);
  return length;
}

export async function readText(cursor: ByteCursor, length: number, what: string): Promise<string> {
  await cursor.need(length, what);
  const at = cursor.position;
  const text = decode(cursor.bytes(length));
  if (text === undefined || text.includes('\0')) {
    refuse('GGUF_UTF8', `${what} at byte ${at} is not UTF-8 text without NUL`, { offset: String(at) });
  }
  return text;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
