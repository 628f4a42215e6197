import type { SimulatedTiming } from '../model-server/model-server.config.ts';
import type { ModelServerLauncher } from './model-server-launcher.ts';
import type { ModelServerProcess } from './model-server-process.ts';
import type { ProcessRecord } from './process-record.ts';
import { type ModelServerSpec, Runtime } from './runtime.ts';

/** Words without meaning at the speed it is told: for tests, load and clusters larger than the machine. */
export class SimulatedRuntime extends Runtime {
  readonly name = 'simulated';
  readonly #launcher: ModelServerLauncher;
  readonly #timing: SimulatedTiming | undefined;

  /** Replicas whose spec says nothing of timing get this one, else the model server's own. */
  constructor(launcher: ModelServerLauncher, timing?: SimulatedTiming) {
    super();
    this.#launcher = launcher;
    this.#timing = timing;
  }

  start(spec: ModelServerSpec): Promise<ModelServerProcess> {
    return this.#launcher.start(this.name, this.#timing ? { simulated: this.#timing, ...spec } : spec);
  }

  async adopt(record: ProcessRecord): Promise<ModelServerProcess | undefined> {
    return record.runtime === this.name ? this.#launcher.adopt(record) : undefined;
  }
}
