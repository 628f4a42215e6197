import type { Timer } from '../model-server/timer.ts';
import type { ModelServerProcess } from '../runtimes/model-server-process.ts';

const LOOK_EVERY_MS = 5_000;
/** One late answer on a busy machine is no illness. */
const MOST_SILENCES = 3;

/** Whether a model server serves, by asking it: all the time while it loads, every five seconds afterwards. */
export class ReplicaHealth {
  readonly process: ModelServerProcess;
  readonly #timer: Timer;
  readonly #onChange: () => void;
  #state: 'loading' | 'ready' = 'loading';
  #isLooking = false;
  #silences = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #readySinceMs = 0;

  constructor(process: ModelServerProcess, timer: Timer, onChange: () => void) {
    this.process = process;
    this.#timer = timer;
    this.#onChange = onChange;
  }

  get state(): 'loading' | 'ready' {
    return this.#state;
  }

  readyForMs(): number {
    return this.#state === 'ready' ? this.#timer.monotonicMs() - this.#readySinceMs : 0;
  }

  /** Asks in the background, when it is time. */
  look(): void {
    const isDue = this.#state === 'loading' || this.#timer.monotonicMs() - this.#lookedMs >= LOOK_EVERY_MS;
    if (this.#isLooking || !isDue) return;
    this.#isLooking = true;
    this.#lookedMs = this.#timer.monotonicMs();
    void this.#ask().finally(() => {
      this.#isLooking = false;
    });
  }

  /** `probe` tells every failure as a state, so this does not reject. */
  async #ask(): Promise<void> {
    const { state } = await this.process.probe();
    this.#silences = state === 'ready' ? 0 : this.#silences + 1;
    if (state === 'ready') this.#become('ready');
    else if (state === 'draining' || this.#silences >= MOST_SILENCES) this.#become('loading');
  }

  #become(state: 'loading' | 'ready'): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#readySinceMs = this.#timer.monotonicMs();
    this.#onChange();
  }
}
