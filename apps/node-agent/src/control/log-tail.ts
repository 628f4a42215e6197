import { open } from 'node:fs/promises';
import type { Timer } from '../model-server/timer.ts';

const LOOK_EVERY_MS = 250;
const FIRST_BYTES = 16_384;
const MOST_BYTES = 262_144;

/**
 * Lines of a growing file: the last ones at once, then new ones as they come. A file that is not there yet, or is
 * written anew, is waited for.
 */
export async function* followLines(path: string, timer: Timer, stopped: AbortSignal): AsyncGenerator<string[]> {
  let position: number | undefined;
  let rest = '';
  while (!stopped.aborted) {
    const piece = await readFrom(path, position);
    if (piece) {
      const isCut = position === undefined && piece.start > 0;
      const lines = (rest + piece.text).split('\n');
      rest = lines.pop() ?? '';
      position = piece.end;
      const whole = (isCut ? lines.slice(1) : lines).filter((line) => line !== '');
      if (whole.length > 0) yield whole;
    }
    if (!piece || piece.isAll) await timer.sleep(LOOK_EVERY_MS, stopped).catch(() => undefined);
  }
}

async function readFrom(path: string, position: number | undefined) {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const start = position === undefined ? Math.max(0, size - FIRST_BYTES) : Math.min(position, size);
    const length = Math.min(size - start, MOST_BYTES);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position: start });
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return { text, start, end: start + bytesRead, isAll: start + bytesRead >= size };
  } finally {
    await file.close();
  }
}
