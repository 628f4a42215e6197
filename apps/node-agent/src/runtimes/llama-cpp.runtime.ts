import type { ModelServerLauncher } from './model-server-launcher.ts';
import type { ModelServerProcess } from './model-server-process.ts';
import type { ProcessRecord } from './process-record.ts';
import { type ModelServerSpec, Runtime } from './runtime.ts';

/** llama.cpp by our own model server: the default where no other runtime is configured. */
export class LlamaCppRuntime extends Runtime {
  readonly name = 'llama-cpp';
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
