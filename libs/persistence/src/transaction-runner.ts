import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { isTransactionConflict, toDomainError } from './database-error.ts';

export type IsolationLevel = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

export interface TransactionOptions {
  readonly isolation?: IsolationLevel;
  /** How often the work may run before a conflict is given to the caller; 6 unless set. */
  readonly attempts?: number;
}

export interface TransactionRunnerOptions {
  readonly sleep?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
  /** A hook that failed after the commit; the caller's result stands. Default: a process warning. */
  readonly onHookError?: (error: unknown) => void;
}

type Hook = () => void | Promise<void>;

const hooks = new WeakMap<EntityManager, Hook[]>();

/**
 * Runs `hook` once `tx` has committed, and never if it rolls back. For hints that may be lost, such as waking a
 * relay: a process that dies between commit and hook does not run it.
 */
export function afterCommit(tx: EntityManager, hook: Hook): void {
  const list = hooks.get(tx);
  if (list === undefined) throw new Error('afterCommit needs the transaction that TransactionRunner.run gave you');
  list.push(hook);
}

/**
 * The one way to write. All of `work` commits or none of it. The work may run several times, after a serialization
 * failure or a deadlock, so it touches nothing but `tx`; effects elsewhere belong into the outbox or `afterCommit`.
 *
 * Errors: those of the work unchanged; ABORTED (TRANSACTION_CONFLICT) when conflicts outlast the attempts;
 * UNAVAILABLE (DATABASE_UNAVAILABLE) when the connection is lost, in which case a commit under way may have happened;
 * DEADLINE_EXCEEDED (STATEMENT_TIMEOUT); INVALID_ARGUMENT (TEXT_NOT_STORABLE).
 */
export class TransactionRunner {
  readonly #dataSource: DataSource;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #random: () => number;
  readonly #onHookError: (error: unknown) => void;

  constructor(dataSource: DataSource, options: TransactionRunnerOptions = {}) {
    this.#dataSource = dataSource;
    this.#sleep = options.sleep ?? delay;
    this.#random = options.random ?? Math.random;
    this.#onHookError = options.onHookError ?? ((error) => process.emitWarning(String(error), 'AfterCommitHookFailed'));
  }

  async run<T>(work: (tx: EntityManager) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const attempts = options.attempts ?? 6;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work, options.isolation ?? 'READ COMMITTED');
      } catch (error) {
        if (!isTransactionConflict(error) || attempt >= attempts) throw toDomainError(error);
        // Full jitter: rivals that collided must not collide again at the same instant.
        await this.#sleep(this.#random() * Math.min(500, 10 * 2 ** attempt));
      }
    }
  }

  async #once<T>(work: (tx: EntityManager) => Promise<T>, isolation: IsolationLevel): Promise<T> {
    const committed: Hook[] = [];
    const result = await this.#dataSource.transaction(isolation, async (tx) => {
      hooks.set(tx, committed);
      return work(tx);
    });
    for (const hook of committed) {
      try {
        await hook();
      } catch (error) {
        this.#onHookError(error);
      }
    }
    return result;
  }
}
