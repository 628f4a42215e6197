import type { Page } from '@ostro/grpc-host';
import { DomainError, type Id } from '@ostro/kernel';
import { type EntityManager, In, LessThan, MoreThan } from 'typeorm';
import type { ApiKey } from '../domain/api-key.ts';
import type { Reach } from '../domain/grant.ts';
import { ApiKeyEntity } from './api-key.entity.ts';

export class KeysRepository {
  /** Inserts or replaces. */
  async save(tx: EntityManager, keys: readonly ApiKey[]): Promise<void> {
    await tx.upsert(ApiKeyEntity, keys.map(toRow), ['id']);
  }

  /** @throws DomainError NOT_FOUND (KEY_NOT_FOUND) */
  async get(tx: EntityManager, reach: Reach, id: Id<'key'>): Promise<ApiKey> {
    return found(id, await tx.findOneBy(ApiKeyEntity, { id, ...within(reach) }));
  }

  async getForUpdate(tx: EntityManager, reach: Reach, id: Id<'key'>): Promise<ApiKey> {
    const lock = { mode: 'pessimistic_write' } as const;
    return found(id, await tx.findOne(ApiKeyEntity, { where: { id, ...within(reach) }, lock }));
  }

  async findBySecret(tx: EntityManager, secretSha256: Buffer): Promise<ApiKey | undefined> {
    const row = await tx.findOneBy(ApiKeyEntity, { secretSha256 });
    return row ? fromRow(row) : undefined;
  }

  /** Locked in one order for everybody, so that two writers cannot deadlock. */
  async ofPrincipalForUpdate(tx: EntityManager, principalId: Id<'prn'>): Promise<readonly ApiKey[]> {
    const lock = { mode: 'pessimistic_write' } as const;
    const rows = await tx.find(ApiKeyEntity, { where: { principalId }, order: { id: 'ASC' }, lock });
    return rows.map(fromRow);
  }

  /** One more than the page holds, newest first. */
  async list(tx: EntityManager, reach: Reach, page: Page): Promise<readonly ApiKey[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(ApiKeyEntity, {
      where: { ...within(reach), ...(after !== undefined && { id: LessThan(after as Id<'key'>) }) },
      order: { id: 'DESC' },
      take: page.size + 1,
    });
    return rows.map(fromRow);
  }

  /** Keys that lost rights, as they are now, in order of generation. */
  async removalsAfter(tx: EntityManager, generation: bigint, limit: number): Promise<readonly ApiKey[]> {
    const rows = await tx.find(ApiKeyEntity, {
      where: { hasLostRights: true, generation: MoreThan(generation) },
      order: { generation: 'ASC' },
      take: limit,
    });
    return rows.map(fromRow);
  }

  async after(tx: EntityManager, id: string, limit: number): Promise<readonly ApiKey[]> {
    const rows = await tx.find(ApiKeyEntity, {
      where: { id: MoreThan(id as Id<'key'>) },
      order: { id: 'ASC' },
      take: limit,
    });
    return rows.map(fromRow);
  }

  /**
   * Reserves `count` generations and returns the first. Whoever holds them makes every later writer wait until its
   * transaction ends, so take them last.
   */
  async takeGenerations(tx: EntityManager, count: number): Promise<bigint> {
    const [rows]: [{ generation: string }[], number] = await tx.query(
      'UPDATE key_generation SET generation = generation + $1 RETURNING generation',
      [count],
    );
    return BigInt(rows[0]!.generation) - BigInt(count) + 1n;
  }

  /** Marks an epoch as published and says whether that was news; a second process waits and hears no. */
  async claimEpoch(tx: EntityManager, epoch: bigint): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.query(
      'UPDATE key_generation SET published_epoch = $1 WHERE published_epoch < $1',
      [epoch.toString()],
    );
    return count > 0;
  }
}

function within({ organizationId, projectIds }: Reach) {
  return { organizationId, ...(projectIds && { projectId: In([...projectIds]) }) };
}

function toRow({ revocation, ...key }: ApiKey) {
  return {
    ...key,
    secretSha256: Buffer.from(key.secretSha256),
    scopes: [...key.scopes],
    effectiveScopes: [...key.effectiveScopes],
    allowedModels: [...key.allowedModels],
    revokedAt: revocation?.at ?? null,
    revocationReason: revocation?.reason ?? null,
  };
}

function fromRow({ revokedAt, revocationReason, ...row }: ApiKeyEntity): ApiKey {
  return { ...row, ...(revokedAt && revocationReason && { revocation: { at: revokedAt, reason: revocationReason } }) };
}

function found(id: string, row: ApiKeyEntity | null): ApiKey {
  if (row) return fromRow(row);
  throw new DomainError('NOT_FOUND', 'KEY_NOT_FOUND', `there is no key ${id}; list the keys of the project`, {
    details: { key_id: id },
  });
}
