import { readFile } from 'node:fs/promises';
import type { LockedWheel } from './python-wheels.ts';
import type { Checksum } from './verified-file.ts';

/** One piece of the model file and the wheel it travels in. */
export interface LockedPart extends Checksum {
  readonly file: string;
  /** Where the piece lies in the wheel. */
  readonly path: string;
  readonly wheel: LockedWheel;
}

export interface LockedModel extends Checksum {
  readonly file: string;
  /** In the order in which they make up the file. */
  readonly parts: readonly LockedPart[];
  /** Whoever passes the model on passes these on with it. */
  readonly terms: LockedPart;
}

export async function readModelLock(): Promise<LockedModel> {
  return JSON.parse(await readFile(new URL('../model.lock.json', import.meta.url), 'utf8')) as LockedModel;
}
