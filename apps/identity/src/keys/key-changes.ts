import { afterCommit } from '@ostro/persistence';
import type { EntityManager } from 'typeorm';
import { type ApiKey, regranted } from '../domain/api-key.ts';
import { grantOf } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiKeyRecords } from '../events/api-key-records.ts';
import type { KeysRepository } from './keys.repository.ts';

/**
 * The one way a key changes: new generation, row and published record belong to one transaction. The caller holds
 * the rows' locks already; generations come last, so commits follow each other in their order.
 */
export class KeyChanges {
  constructor(
    private readonly keys: KeysRepository,
    private readonly records: ApiKeyRecords,
    private readonly onCommitted: () => void,
  ) {}

  async save(tx: EntityManager, changed: readonly ApiKey[]): Promise<readonly ApiKey[]> {
    if (changed.length === 0) return [];
    const first = await this.keys.takeGenerations(tx, changed.length);
    const numbered = changed.map((key, index) => ({ ...key, generation: first + BigInt(index) }));
    await this.keys.save(tx, numbered);
    await this.records.append(tx, numbered);
    afterCommit(tx, this.onCommitted);
    return numbered;
  }

  /** Brings the keys of a principal in line with the roles it has now. */
  async regrant(tx: EntityManager, owner: Principal): Promise<void> {
    const keys = await this.keys.ofPrincipalForUpdate(tx, owner.id);
    const changed = keys.map((key) => regranted(key, grantOf(key, owner.roleBindings).scopes));
    await this.save(
      tx,
      changed.filter((key) => key !== undefined),
    );
  }
}
