import type { ModelServerLauncher } from './model-server-launcher.ts';
import type { ModelServerProcess } from './model-server-process.ts';
import type { ProcessRecord } from './process-record.ts';
import { type ModelServerSpec, Runtime } from './runtime.ts';

/** Words without meaning at the speed it is told: for tests, load and clusters larger than the machine. */
export class SimulatedRuntime extends Runtime {
  readonly name = 'simulated';
  readonly #launcher: ModelServerLauncher;

  constructor(launcher: ModelServerLauncher) {
    super();
    this.#launcher = launcher;
  }

  start(spec: ModelServerSpec): Promise<ModelServerProcess> {
    return this.#launcher.start(this.name, spec);
  }

  async adopt(record: ProcessRecord): Promise<ModelServerProcess | undefined> {
    return record.runtime === this.name ? this.#launcher.adopt(record) : undefined;
  }
}
