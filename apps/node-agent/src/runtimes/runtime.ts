import type { SimulatedTiming } from '../model-server/model-server.config.ts';
import type { ModelServerProcess } from './model-server-process.ts';
import type { ProcessRecord, RuntimeName } from './process-record.ts';

/** One replica's model server. `contextTokens` is what each of the `slots` holds: prompt and answer of one request. */
export interface ModelServerSpec {
  readonly replicaId: string;
  readonly weightsPath: string;
  readonly servedName: string;
  readonly contextTokens: number;
  readonly slots: number;
  readonly threads: number;
  readonly embedding: boolean;
  /** UUIDs of GPUs or MIG slices; the process sees no others. */
  readonly accelerators: readonly string[];
  /** Holds the socket and the process record of each replica; made 0700. */
  readonly socketDir: string;
  readonly logPath: string;
  readonly seed?: number;
  readonly simulated?: SimulatedTiming;
}

/** Starts model servers and finds them again. A model server outlives the agent that started it. */
export abstract class Runtime {
  abstract readonly name: RuntimeName;

  /**
   * Resolves when the process runs and its record is on disk; whether it serves is told by `probe`.
   * @throws DomainError FAILED_PRECONDITION (SPAWN_FAILED) when the process cannot be created
   */
  abstract start(spec: ModelServerSpec): Promise<ModelServerProcess>;

  /**
   * The process of this record, when it is still the one that was started: same boot, pid, start time, nonce in its
   * environment and nonce proven on its socket. Anything else is foreign: undefined, and never signalled.
   */
  abstract adopt(record: ProcessRecord): Promise<ModelServerProcess | undefined>;
}
