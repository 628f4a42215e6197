import { readFile, rename, writeFile } from 'node:fs/promises';
import type { SpoolPosition } from '@ostro/spool';

const FORMAT = 1;

/** How far the witness log is published. Lost or torn, everything is published again: whoever reads it dedupes. */
export class CursorFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<SpoolPosition | undefined> {
    try {
      const { format, incarnation, sequence } = JSON.parse(await readFile(this.#path, 'utf8')) as Record<
        string,
        string
      >;
      const isKnown = Number(format) === FORMAT && incarnation !== undefined && sequence !== undefined;
      return isKnown ? { incarnation, sequence: BigInt(sequence) } : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async save({ incarnation, sequence }: SpoolPosition): Promise<void> {
    const text = JSON.stringify({ format: FORMAT, incarnation, sequence: String(sequence) });
    await writeFile(`${this.#path}.draft`, text, { mode: 0o600 });
    await rename(`${this.#path}.draft`, this.#path);
  }
}
