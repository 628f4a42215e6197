import type { Page } from '@ostro/grpc-host';
import { DomainError, type Id } from '@ostro/kernel';
import { type EntityManager, In, LessThan } from 'typeorm';
import { type Import, type ImportState, WORKED_STATES } from '../domain/import.ts';
import { ImportEntity } from './import.entity.ts';

/** The right to work on an import until another claims it; every write names it. */
export interface Claim {
  readonly importId: Id<'imp'>;
  readonly token: bigint;
  /** How often in a row the work failed without getting further. */
  readonly failures: number;
}

type Changes = Partial<Omit<Import, 'id' | 'organizationId' | 'createdAt'>>;

export class ImportsRepository {
  async insert(tx: EntityManager, created: Import): Promise<void> {
    await tx.insert(ImportEntity, toRow(created) as ImportEntity);
  }

  /** @throws DomainError NOT_FOUND (IMPORT_NOT_FOUND) */
  async get(tx: EntityManager, organizationId: Id<'org'>, id: Id<'imp'>): Promise<Import> {
    return found(id, await tx.findOneBy(ImportEntity, { id, organizationId }));
  }

  async getForUpdate(tx: EntityManager, organizationId: Id<'org'>, id: Id<'imp'>): Promise<Import> {
    const lock = { mode: 'pessimistic_write' } as const;
    return found(id, await tx.findOne(ImportEntity, { where: { id, organizationId }, lock }));
  }

  /** One more than the page holds, newest first. */
  async list(tx: EntityManager, organizationId: Id<'org'>, page: Page): Promise<readonly Import[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(ImportEntity, {
      where: { organizationId, ...(after !== undefined && { id: LessThan(after as Id<'imp'>) }) },
      order: { id: 'DESC' },
      take: page.size + 1,
    });
    return rows.map(fromRow);
  }

  /** For changes from outside: whoever works on the import loses it. The caller holds the row's lock. */
  async change(tx: EntityManager, id: Id<'imp'>, changes: Changes): Promise<void> {
    await tx.update(ImportEntity, { id }, { ...toRow(changes), leaseToken: () => 'lease_token + 1' });
    await tx.query('UPDATE imports SET claimable_at = now() WHERE id = $1', [id]);
  }

  /** Bytes that a client sent; keeps the import from being taken for abandoned. */
  async touch(tx: EntityManager, id: Id<'imp'>, receivedBytes: number, updatedAt: Date): Promise<void> {
    await tx.update(ImportEntity, { id, state: 'awaiting_upload' }, toRow({ receivedBytes, updatedAt }));
  }

  /** The import that waits longest for a reconciler, now claimed. The database's clock measures the lease. */
  async claim(tx: EntityManager, leaseMs: number): Promise<{ claim: Claim; claimed: Import } | undefined> {
    const [rows]: [{ id: Id<'imp'> }[], number] = await tx.query(
      `UPDATE imports SET lease_token = lease_token + 1, claimable_at = now() + $1 * interval '1 ms'
       WHERE id = (SELECT id FROM imports WHERE state = ANY($2) AND claimable_at <= now()
                   ORDER BY claimable_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [leaseMs, WORKED_STATES],
    );
    if (rows[0] === undefined) return undefined;
    const row = await tx.findOneByOrFail(ImportEntity, { id: rows[0].id });
    return { claim: { importId: row.id, token: row.leaseToken, failures: row.failures }, claimed: fromRow(row) };
  }

  /** @throws DomainError ABORTED (CLAIM_LOST) when another has it now or the import was cancelled. */
  async save(tx: EntityManager, { importId, token }: Claim, changes: Changes): Promise<void> {
    const mine = { id: importId, leaseToken: token, state: In([...WORKED_STATES]) };
    const { affected } = await tx.update(ImportEntity, mine, toRow(changes));
    if (affected === 0) throw claimLost(importId);
  }

  /** Holds the claim for another lease and tells how far it is. */
  async renew(tx: EntityManager, claim: Claim, leaseMs: number, changes: Changes): Promise<void> {
    await this.save(tx, claim, changes);
    await this.#claimableIn(tx, claim, leaseMs);
  }

  /** Lets anybody go on after a while. */
  async release(tx: EntityManager, claim: Claim, afterMs: number, failures: number): Promise<void> {
    await tx.update(ImportEntity, { id: claim.importId, leaseToken: claim.token }, { failures });
    await this.#claimableIn(tx, claim, afterMs);
  }

  /** Uploads nobody has sent a byte to since then, locked. */
  async abandonedBefore(tx: EntityManager, before: Date): Promise<readonly Import[]> {
    const rows = await tx.find(ImportEntity, {
      where: { state: 'awaiting_upload', updatedAt: LessThan(before) },
      order: { id: 'ASC' },
      take: 100,
      lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    });
    return rows.map(fromRow);
  }

  /** Which of these have not ended. */
  async live(tx: EntityManager, ids: readonly Id<'imp'>[]): Promise<ReadonlySet<Id<'imp'>>> {
    const states: ImportState[] = ['awaiting_upload', ...WORKED_STATES];
    const rows = await tx.find(ImportEntity, { select: { id: true }, where: { id: In([...ids]), state: In(states) } });
    return new Set(rows.map(({ id }) => id));
  }

  async #claimableIn(tx: EntityManager, { importId, token }: Claim, ms: number): Promise<void> {
    await tx.query(
      `UPDATE imports SET claimable_at = now() + $3 * interval '1 ms' WHERE id = $1 AND lease_token = $2`,
      [importId, token.toString(), ms],
    );
  }
}

function found(id: string, row: ImportEntity | null): Import {
  if (row) return fromRow(row);
  throw new DomainError('NOT_FOUND', 'IMPORT_NOT_FOUND', `there is no import ${id}; list the imports`, {
    details: { import_id: id },
  });
}

function claimLost(id: string): DomainError {
  return new DomainError('ABORTED', 'CLAIM_LOST', `import ${id} was cancelled or is another reconciler's by now`, {
    details: { import_id: id },
  });
}

function fromRow({ leaseToken: _token, failures: _failures, ...row }: ImportEntity): Import {
  return { ...row, receivedBytes: Number(row.receivedBytes), totalBytes: Number(row.totalBytes) };
}

function toRow({ receivedBytes, totalBytes, files, ...rest }: Partial<Import>): Partial<ImportEntity> {
  return {
    ...rest,
    ...(files !== undefined && { files: [...files] }),
    ...(receivedBytes !== undefined && { receivedBytes: BigInt(receivedBytes) }),
    ...(totalBytes !== undefined && { totalBytes: BigInt(totalBytes) }),
  };
}
