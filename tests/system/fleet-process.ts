import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@ostro/testing';

const READY_WITHIN_MS = 60_000;

export type App = 'identity' | 'registry' | 'scheduler' | 'billing' | 'api' | 'gateway' | 'node-agent';

/** One `main.ts` as a process of its own. It is not restarted by itself: a test that kills it decides what comes next. */
export class FleetProcess {
  readonly name: string;
  readonly #app: App;
  readonly #env: Readonly<Record<string, string>>;
  readonly #dir: string;
  #child: ChildProcess | undefined;

  constructor(options: { name?: string; app: App; env: Readonly<Record<string, string>>; dir: string }) {
    this.name = options.name ?? options.app;
    this.#app = options.app;
    this.#env = options.env;
    this.#dir = options.dir;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} was never started`);
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get logFile(): string {
    return join(this.#dir, `${this.name}.log`);
  }

  /** Resolves when it is ready; rejects with the end of its log when it is not. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const readyFile = join(this.#dir, `${this.name}.ready.json`);
    await rm(readyFile, { force: true });
    const log = openSync(this.logFile, 'a');
    const main = fileURLToPath(new URL(`../../apps/${this.#app}/dist/main.js`, import.meta.url));
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { PATH: process.env['PATH'], HOME: this.#dir, ...this.#env, ...env, OSTRO_READY_FILE: readyFile },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    await eventually(
      async () => {
        if (!this.isAlive) return;
        await readFile(readyFile);
      },
      { withinMs: READY_WITHIN_MS },
    );
    if (!this.isAlive) throw new Error(`${this.name} did not start:\n${await this.logTail()}`);
  }

  /** Resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await ended;
  }

  async logTail(lines = 12): Promise<string> {
    return (await readFile(this.logFile, 'utf8')).trimEnd().split('\n').slice(-lines).join('\n');
  }
}
