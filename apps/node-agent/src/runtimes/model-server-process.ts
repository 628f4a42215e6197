import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { type Timer } from '../model-server/timer.ts';
import { type Probe, probeSocket } from './probe.ts';
import { type ProcessExit, processExit } from './process-exit.ts';
import { isAlive } from './process-identity.ts';
import { type ProcessRecord, removeRecord } from './process-record.ts';

const KILL_AFTER_MS = 5_000;
const REMINDERS = 5;
const TAKES_A_SIGNAL_MS = 100;
const LOOK_EVERY_MS = 100;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * A handle on a model server, ours by birth or by adoption; dropping it leaves the process alone. Signals are sent
 * only while the pid still belongs to the process of the record.
 */
export class ModelServerProcess {
  readonly record: ProcessRecord;
  /** Resolves once, when the process has ended for whatever reason. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #timer: Timer;

  private constructor(record: ProcessRecord, exit: Promise<ProcessExit>, timer: Timer) {
    this.record = record;
    this.exit = exit;
    this.#timer = timer;
  }

  /** `ended` is taken before the first await of the caller, so that an early exit is not missed. */
  static born(record: ProcessRecord, ended: Promise<ChildEnd>, timer: Timer): ModelServerProcess {
    const exit = ended.then(({ code, signal }) => processExit(code, signal, record.logPath));
    return new ModelServerProcess(record, exit, timer);
  }

  static adopted(record: ProcessRecord, timer: Timer): ModelServerProcess {
    return new ModelServerProcess(record, watch(record, timer), timer);
  }

  probe(): Promise<Probe> {
    return probeSocket(this.record.socketPath, this.record.nonce, PROBE_TIMEOUT_MS);
  }

  /**
   * Running requests may end until the deadline, then they are aborted; what still lives 5 s later is killed.
   * Resolves when the process is gone and its record with it.
   */
  async stop({ drainDeadlineMs }: { readonly drainDeadlineMs: number }): Promise<ProcessExit> {
    // A second SIGTERM tells the model server that the deadline is over. It is repeated, because signals of one kind
    // merge while the first is not yet taken.
    const isOver = { signal: 'SIGTERM', patienceMs: KILL_AFTER_MS / REMINDERS } as const;
    const escalation = [
      { signal: 'SIGTERM', patienceMs: Math.max(drainDeadlineMs, TAKES_A_SIGNAL_MS) },
      ...Array.from({ length: REMINDERS }, () => isOver),
      { signal: 'SIGKILL', patienceMs: Number.POSITIVE_INFINITY },
    ] as const;
    for (const { signal, patienceMs } of escalation) {
      await this.#signal(signal);
      if (await this.#endsWithin(patienceMs)) break;
    }
    const exit = await this.exit;
    await removeRecord(dirname(this.record.socketPath), this.record.replicaId);
    return exit;
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    if (!(await isAlive(this.record))) return;
    try {
      process.kill(this.record.pid, signal);
    } catch (error) {
      // It ended between the look and the signal.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #endsWithin(patienceMs: number): Promise<boolean> {
    if (patienceMs === Number.POSITIVE_INFINITY) return this.exit.then(() => true);
    const over = new AbortController();
    const ended = this.exit.then(() => true);
    const patience = this.#timer.sleep(patienceMs, over.signal).then(
      () => false,
      () => true,
    );
    const result = await Promise.race([ended, patience]);
    over.abort();
    return result;
  }
}

export interface ChildEnd {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

/** The kernel tells an exit to the parent only; others have to look. */
async function watch(record: ProcessRecord, timer: Timer): Promise<ProcessExit> {
  while (await isAlive(record)) await timer.sleep(LOOK_EVERY_MS);
  return processExit(undefined, undefined, record.logPath);
}
