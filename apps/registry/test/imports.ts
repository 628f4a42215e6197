import type { registryV1 } from '@ostro/contracts';
import type { RunningRegistry } from './running-registry.ts';

/** Follows an import to its end. */
export async function ended(cell: RunningRegistry, importId: string): Promise<registryV1.Import> {
  const imports = await cell.imports();
  const { organizationId } = cell;
  let last: registryV1.Import | undefined;
  for await (const { import: seen } of imports.watchImport({ organizationId, importId }, await cell.as())) last = seen;
  return last!;
}
