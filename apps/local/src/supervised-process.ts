import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endRecordedProcess, recordProcess } from '@ostro/embedded';
import { DomainError } from '@ostro/kernel';

export interface ProcessOptions {
  readonly name: string;
  /** Module that is the process. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** Holds its log and its ready file. */
  readonly runDir: string;
  readonly nodeOptions?: readonly string[];
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 40_000;
const MAX_PAUSE_MS = 15_000;

/**
 * A part of Ostro that is a process of its own. If it dies it is started again, with pauses that double; what it logs
 * goes to `<name>.log`.
 */
export class SupervisedProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #failures = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the addresses it listens on. @throws DomainError UNAVAILABLE with its last log lines. */
  async start(): Promise<Readonly<Record<string, string>>> {
    const { name, runDir } = this.#options;
    await rm(join(runDir, `${name}.ready.json`), { force: true });
    // Left over when the process that supervised it was killed.
    await endRecordedProcess(this.#recordFile, STOP_WITHIN_MS);
    const child = await this.#spawn();
    const addresses = await this.#waitUntilReady(child);
    this.#keepAlive(child);
    return addresses;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
    await rm(this.#recordFile, { force: true });
  }

  get #recordFile(): string {
    return join(this.#options.runDir, `${this.#options.name}.process.json`);
  }

  async #spawn(): Promise<ChildProcess> {
    const { name, main, env, runDir, nodeOptions = [] } = this.#options;
    const log = openSync(join(runDir, `${name}.log`), 'a', 0o600);
    try {
      this.#child = spawn(process.execPath, [...nodeOptions, main], {
        env: { ...env, OSTRO_READY_FILE: join(runDir, `${name}.ready.json`) },
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
    const { pid } = this.#child;
    if (pid !== undefined) await recordProcess(this.#recordFile, pid);
    return this.#child;
  }

  async #waitUntilReady(child: ChildProcess): Promise<Readonly<Record<string, string>>> {
    const file = join(this.#options.runDir, `${this.#options.name}.ready.json`);
    for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 50) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text !== undefined) return (JSON.parse(text) as { addresses: Record<string, string> }).addresses;
      if (child.exitCode !== null || child.signalCode !== null) throw await this.#notStarted('ended');
      await delay(50);
    }
    throw await this.#notStarted(`was not ready within ${READY_WITHIN_MS / 1_000} s`);
  }

  async #notStarted(what: string): Promise<DomainError> {
    const { name, runDir } = this.#options;
    const log = join(runDir, `${name}.log`);
    const tail = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
    return new DomainError('UNAVAILABLE', 'PROCESS_NOT_READY', `${name} ${what}; the end of ${log}:\n${tail}`);
  }

  async #again(): Promise<void> {
    if (!this.#isStopping) this.#keepAlive(await this.#spawn());
  }

  #keepAlive(child: ChildProcess): void {
    child.once('exit', () => {
      if (this.#isStopping) return;
      const pauseMs = Math.min(500 * 2 ** this.#failures++, MAX_PAUSE_MS);
      setTimeout(() => void this.#again(), pauseMs);
    });
  }
}
