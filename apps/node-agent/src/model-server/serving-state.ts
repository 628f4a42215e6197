import { DomainError } from '@ostro/kernel';
import type { LoadProgress } from './engines/engine.ts';
import type { Timer } from './timer.ts';

export type Serving = { readonly status: 'loading' | 'ready' | 'draining' } & LoadProgress;

/** One request being worked on. */
export interface Call {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  end(): void;
}

/** Whether requests are taken, and which are running: what /health says and what draining waits for. */
export class ServingState {
  #serving: Serving = { status: 'loading', phase: 'starting', progress: 0 };
  readonly #calls = new Set<AbortController>();
  #idle: (() => void) | undefined;

  get serving(): Serving {
    return this.#serving;
  }

  loading(progress: LoadProgress): void {
    if (this.#serving.status === 'loading') this.#serving = { status: 'loading', ...progress };
  }

  ready(): void {
    if (this.#serving.status === 'loading') this.#serving = { status: 'ready', phase: 'ready', progress: 1 };
  }

  /** @throws DomainError UNAVAILABLE (LOADING or DRAINING) */
  mustBeReady(): void {
    const { status, phase } = this.#serving;
    if (status === 'ready') return;
    const message = status === 'loading' ? `the model is loading (${phase})` : 'this replica is shutting down';
    throw new DomainError('UNAVAILABLE', status.toUpperCase(), `${message}; send the request to another replica`);
  }

  begin(): Call {
    const controller = new AbortController();
    this.#calls.add(controller);
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      end: () => {
        this.#calls.delete(controller);
        if (this.#calls.size === 0) this.#idle?.();
      },
    };
  }

  /** Takes nothing new and resolves when nothing runs; whatever still runs at the deadline is aborted. */
  async drain(deadlineMs: number, timer: Timer, now: AbortSignal): Promise<void> {
    this.#serving = { status: 'draining', phase: 'draining', progress: 0 };
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
      if (this.#calls.size === 0) resolve();
    });
    const over = new AbortController();
    const deadline = timer.sleep(deadlineMs, AbortSignal.any([now, over.signal])).catch(() => undefined);
    await Promise.race([idle, deadline]);
    over.abort();
    for (const call of this.#calls) call.abort(replicaDrained());
    await idle;
  }
}

function replicaDrained(): DomainError {
  return new DomainError('UNAVAILABLE', 'REPLICA_DRAINED', 'this replica was drained; send the request again');
}
