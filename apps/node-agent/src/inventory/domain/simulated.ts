import { DomainError } from '@ostro/kernel';

const SHAPE = /^(\d{1,3})x([A-Za-z0-9-]+-(\d{1,4})GB)$/;
const GIB = 1024n ** 3n;

/** Accelerators that are only pretended. */
export interface Simulation {
  readonly count: number;
  readonly model: string;
  readonly memoryBytes: bigint;
}

/** "8xH100-80GB". @throws DomainError INVALID_ARGUMENT (INVALID_SIMULATION) */
export function parseSimulation(text: string): Simulation {
  const [, count = '0', model = '', gigabytes = '0'] = SHAPE.exec(text) ?? [];
  if (Number(count) > 0 && Number(gigabytes) > 0) {
    return { count: Number(count), model, memoryBytes: BigInt(gigabytes) * GIB };
  }
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_SIMULATION',
    'OSTRO_SIMULATE is <count>x<model>-<gigabytes>GB, such as 8xH100-80GB',
  );
}
