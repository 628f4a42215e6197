import { DomainError } from '@ostro/kernel';
import type { schedulingV1 } from '@ostro/contracts';

const SHAPE = /^(\d{1,3})x([A-Za-z0-9-]+-(\d{1,4})GB)$/;
const GIB = 1024n ** 3n;

/** Accelerators of a node that is only pretended: one island, nothing used. @throws DomainError INVALID_ARGUMENT */
export function simulatedAccelerators(text: string): schedulingV1.Accelerator[] {
  const [, count, model, gigabytes] = SHAPE.exec(text) ?? [];
  if (!count || !model || !gigabytes || Number(count) === 0) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'INVALID_SIMULATION',
      'OSTRO_SIMULATE is <count>x<model>-<gigabytes>GB, such as 8xH100-80GB',
    );
  }
  return Array.from({ length: Number(count) }, (_, index) => ({
    acceleratorId: `simulated-${index}`,
    model,
    memoryBytes: BigInt(gigabytes) * GIB,
    freeMemoryBytes: BigInt(gigabytes) * GIB,
    island: 'simulated-0',
    healthy: true,
    simulated: true,
  }));
}
