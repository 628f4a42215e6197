import { availableParallelism, totalmem } from 'node:os';
import { nodeV1, schedulingV1 } from '@ostro/contracts';
import type { Logger } from '@ostro/telemetry';
import type { Timer } from '../model-server/timer.ts';
import { parseSimulation } from './domain/simulated.ts';
import { nvidiaInventory } from './nvidia-smi.ts';

const { RuntimeKind } = schedulingV1;

const LOOK_EVERY_MS = 10_000;

export type Capacity = Omit<nodeV1.Inventory, 'cachedModelDigests'>;

/** What this machine has. Looked at when the agent starts and every ten seconds: GPUs fall off and others use them. */
export class NodeInventory {
  readonly #simulate: string | undefined;
  readonly #logger: Logger;
  #capacity: Capacity | undefined;

  constructor(simulate: string | undefined, logger: Logger) {
    this.#simulate = simulate;
    this.#logger = logger;
  }

  get capacity(): Capacity {
    if (!this.#capacity) throw new Error('look() comes first');
    return this.#capacity;
  }

  /** @throws DomainError INVALID_ARGUMENT (INVALID_SIMULATION) */
  async look(): Promise<void> {
    this.#capacity = { ...hostCapacity(), ...(await this.#accelerators()) };
  }

  async lookUntil(stopped: AbortSignal, timer: Timer): Promise<void> {
    while (!stopped.aborted) {
      await timer.sleep(LOOK_EVERY_MS, stopped).catch(() => undefined);
      if (!stopped.aborted) await this.look();
    }
  }

  async #accelerators(): Promise<Pick<Capacity, 'accelerators' | 'runtimes' | 'foreignMemoryBytes' | 'driverVersion'>> {
    const none = { foreignMemoryBytes: 0n, driverVersion: '' };
    if (this.#simulate !== undefined) {
      const accelerators = simulatedAccelerators(this.#simulate);
      return { ...none, accelerators, runtimes: [RuntimeKind.RUNTIME_KIND_SIMULATED] };
    }
    const runtimes = [RuntimeKind.RUNTIME_KIND_LLAMA_CPP, RuntimeKind.RUNTIME_KIND_SIMULATED];
    try {
      const nvidia = await nvidiaInventory();
      if (!nvidia) return { ...none, accelerators: [processorAccelerator()], runtimes };
      const { accelerators, usedBytes, driverVersion } = nvidia;
      // No runtime of this agent uses a GPU yet, so whatever is used is somebody else's.
      return { accelerators, runtimes, driverVersion, foreignMemoryBytes: usedBytes };
    } catch (error) {
      this.#logger.error({ err: error }, 'nvidia-smi failed: GPUs that were seen before are reported as unhealthy');
      const known = this.#capacity?.accelerators.map((one) => ({ ...one, healthy: one.model === 'CPU' }));
      return { ...none, accelerators: known ?? [processorAccelerator()], runtimes };
    }
  }
}

/** One island, nothing used. */
function simulatedAccelerators(text: string): schedulingV1.Accelerator[] {
  const { count, model, memoryBytes } = parseSimulation(text);
  return Array.from({ length: count }, (_, index) => ({
    acceleratorId: `simulated-${index}`,
    model,
    memoryBytes,
    freeMemoryBytes: memoryBytes,
    island: 'simulated-0',
    healthy: true,
    simulated: true,
  }));
}

/** The processor as the one accelerator of a machine without any: its memory is the limit of the machine or container. */
function processorAccelerator(): schedulingV1.Accelerator {
  const memoryBytes = memoryLimitBytes();
  return {
    acceleratorId: 'cpu-0',
    model: 'CPU',
    memoryBytes,
    freeMemoryBytes: memoryBytes,
    island: '',
    healthy: true,
    simulated: false,
  };
}

function hostCapacity(): Pick<Capacity, 'cpuMilli' | 'hostMemoryBytes'> {
  return { cpuMilli: availableParallelism() * 1_000, hostMemoryBytes: memoryLimitBytes() };
}

/** The smaller of the machine's memory and the control group's limit. */
function memoryLimitBytes(): bigint {
  const constrained = process.constrainedMemory();
  return BigInt(constrained > 0 ? Math.min(constrained, totalmem()) : totalmem());
}
