import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeV1 } from '@ostro/contracts';
import type { Logger } from '@ostro/telemetry';

const FORMAT = 1;
const READABLE = [FORMAT];

/** Keeps the newest desired state over restarts, so that a node goes on as told while its scheduler is away. */
export class DesiredStateFile {
  readonly #path: string;
  readonly #logger: Logger;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Undefined when there is none, or none that this version reads: the scheduler then tells it anew. */
  async load(): Promise<nodeV1.DesiredState | undefined> {
    try {
      const { format, state } = JSON.parse(await readFile(this.#path, 'utf8')) as { format: number; state: string };
      if (!READABLE.includes(format)) throw new Error(`its format ${format} is not one of ${READABLE.join(', ')}`);
      return nodeV1.DesiredState.decode(Buffer.from(state, 'base64'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#logger.warn(
          { err: error, path: this.#path },
          'the stored desired state cannot be read; waiting for a new one',
        );
      }
      return undefined;
    }
  }

  /** Whole or not at all. */
  async save(desired: nodeV1.DesiredState): Promise<void> {
    const state = Buffer.from(nodeV1.DesiredState.encode(desired).finish()).toString('base64');
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#path}.draft`, JSON.stringify({ format: FORMAT, state }), { mode: 0o600, flush: true });
    await rename(`${this.#path}.draft`, this.#path);
  }
}
