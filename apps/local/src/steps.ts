import type { Clock } from '@ostro/kernel';

/** How long one step took; part of what the demo prints. */
export interface Phase {
  readonly name: string;
  readonly ms: number;
}

export type Report = (detail: string) => void;

/**
 * Shows a person what is being done and how long it took. On a terminal the running step is one line that is rewritten;
 * elsewhere each step is one line when it is done. It writes to the stream it is given, never to stdout by itself.
 */
export class Steps {
  readonly phases: Phase[] = [];
  readonly #out: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, string>();

  constructor(out: NodeJS.WriteStream, clock: Clock, signal: AbortSignal) {
    this.#out = out;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Does not begin a step after the signal: whoever called stops what is there. */
  async run<T>(name: string, work: (report: Report) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const startMs = this.#clock.monotonicMs();
    this.#show(name, '');
    try {
      const result = await work((detail) => this.#show(name, detail));
      this.#done(name, Math.round(this.#clock.monotonicMs() - startMs));
      return result;
    } catch (error) {
      this.#end(name, `  ✗ ${name}`);
      throw error;
    }
  }

  say(line = ''): void {
    this.#clear();
    this.#out.write(`${line}\n`);
    this.#draw();
  }

  #done(name: string, ms: number): void {
    this.phases.push({ name, ms });
    this.#end(name, `  ✓ ${name.padEnd(34)} ${seconds(ms)}`);
  }

  #end(name: string, line: string): void {
    this.#clear();
    this.#running.delete(name);
    this.#out.write(`${line}\n`);
    this.#draw();
  }

  #show(name: string, detail: string): void {
    this.#clear();
    this.#running.set(name, detail);
    this.#draw();
  }

  #clear(): void {
    if (this.#out.isTTY && this.#running.size > 0) this.#out.write('\r\u001b[K');
  }

  #draw(): void {
    if (!this.#out.isTTY || this.#running.size === 0) return;
    const text = [...this.#running].map(([name, detail]) => (detail ? `${name} (${detail})` : name)).join(', ');
    this.#out.write(`  … ${text}`.slice(0, (this.#out.columns ?? 100) - 1));
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(8);
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
