import { DomainError } from '@ostro/kernel';
import type { Digest } from './manifest.ts';

/** A name that points at a revision of its model. */
export interface Alias {
  readonly name: string;
  readonly digest: Digest;
  /** Raised at each move; 1 for a new alias. */
  readonly generation: bigint;
}

/**
 * The alias after somebody who saw `expectedGeneration` (0: none yet) points it at `digest`.
 *
 * @throws DomainError ABORTED (ALIAS_MOVED) when it is no longer what they saw.
 */
export function movedBy(
  current: Alias | undefined,
  to: { name: string; digest: Digest; expectedGeneration: bigint },
): Alias {
  const generation = current?.generation ?? 0n;
  if (generation === to.expectedGeneration) return { name: to.name, digest: to.digest, generation: generation + 1n };
  throw new DomainError(
    'ABORTED',
    'ALIAS_MOVED',
    `alias "${to.name}" has generation ${generation}, not ${to.expectedGeneration}; read it again and decide anew`,
    { details: { alias: to.name, generation: String(generation) } },
  );
}

/** The alias after an import, which means "the newest"; undefined when it already points there. */
export function pointedAt(current: Alias | undefined, name: string, digest: Digest): Alias | undefined {
  if (current?.digest === digest) return undefined;
  return { name, digest, generation: (current?.generation ?? 0n) + 1n };
}
