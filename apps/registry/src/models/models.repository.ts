import type { Page } from '@ostro/grpc-host';
import { DomainError, type Id, isId } from '@ostro/kernel';
import { type EntityManager, In, LessThan, MoreThan } from 'typeorm';
import type { Alias } from '../domain/alias.ts';
import type { Digest } from '../domain/manifest.ts';
import type { ModelRevision } from '../domain/revision.ts';
import { AliasEntity } from './alias.entity.ts';
import { ModelEntity } from './model.entity.ts';
import { ModelRevisionEntity } from './model-revision.entity.ts';
import type { ListedRevision } from './revision-page.ts';

/** A named family of revisions. */
export interface Model {
  readonly id: Id<'mdl'>;
  readonly organizationId: Id<'org'>;
  readonly name: string;
  readonly licence: string;
  readonly createdAt: Date;
}

export class ModelsRepository {
  /** The model of that name, made if there is none, and locked: whoever adds to a model takes turns. */
  async ensureForUpdate(tx: EntityManager, model: Model): Promise<Model> {
    await tx
      .createQueryBuilder()
      .insert()
      .into(ModelEntity)
      .values({ ...model })
      .orIgnore()
      .execute();
    return this.getForUpdate(tx, model.organizationId, model.name);
  }

  /** By id or by name. @throws DomainError NOT_FOUND (MODEL_NOT_FOUND) */
  async get(tx: EntityManager, organizationId: Id<'org'>, idOrName: string): Promise<Model> {
    return found(idOrName, await tx.findOneBy(ModelEntity, { organizationId, ...named(idOrName) }));
  }

  async getForUpdate(tx: EntityManager, organizationId: Id<'org'>, idOrName: string): Promise<Model> {
    const where = { organizationId, ...named(idOrName) };
    return found(idOrName, await tx.findOne(ModelEntity, { where, lock: { mode: 'pessimistic_write' } }));
  }

  /** One more than the page holds, by name. */
  async list(tx: EntityManager, organizationId: Id<'org'>, page: Page): Promise<readonly Model[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(ModelEntity, {
      where: { organizationId, ...(after !== undefined && { name: MoreThan(after) }) },
      order: { name: 'ASC' },
      take: page.size + 1,
    });
    return rows.map((row) => ({ ...row }));
  }

  /** @returns false when the model has this revision already. */
  async insertRevision(tx: EntityManager, revision: ModelRevision): Promise<boolean> {
    const insert = tx
      .createQueryBuilder()
      .insert()
      .into(ModelRevisionEntity)
      .values({ ...revision });
    const { raw } = await insert.orIgnore().returning('digest').execute();
    return (raw as unknown[]).length > 0;
  }

  /** The digest as a revision of any model the organization has; the oldest, so that the answer stays. */
  async findRevision(
    tx: EntityManager,
    organizationId: Id<'org'>,
    digest: Digest,
    modelId?: Id<'mdl'>,
  ): Promise<ModelRevision | undefined> {
    const where = { organizationId, digest, ...(modelId && { modelId }) };
    const row = await tx.findOne(ModelRevisionEntity, { where, order: { position: 'ASC' } });
    return row ? revisionFromRow(row) : undefined;
  }

  /** One more than the page holds, newest first, each with its place in the list. */
  async listRevisions(tx: EntityManager, modelId: Id<'mdl'>, page: Page): Promise<readonly ListedRevision[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(ModelRevisionEntity, {
      where: { modelId, ...(after !== undefined && { position: LessThan(BigInt(after)) }) },
      order: { position: 'DESC' },
      take: page.size + 1,
    });
    return rows.map((row) => ({ position: row.position, revision: revisionFromRow(row) }));
  }

  async findAlias(tx: EntityManager, modelId: Id<'mdl'>, name: string): Promise<Alias | undefined> {
    const row = await tx.findOneBy(AliasEntity, { modelId, name });
    return row ? aliasFromRow(row) : undefined;
  }

  /** By name. */
  async aliasesOf(tx: EntityManager, modelIds: readonly Id<'mdl'>[]): Promise<ReadonlyMap<Id<'mdl'>, Alias[]>> {
    const rows = await tx.find(AliasEntity, { where: { modelId: In([...modelIds]) }, order: { name: 'ASC' } });
    const grouped = new Map<Id<'mdl'>, Alias[]>(modelIds.map((id) => [id, []]));
    for (const row of rows) grouped.get(row.modelId)?.push(aliasFromRow(row));
    return grouped;
  }

  /** Inserts or replaces; the caller holds the model's lock. */
  async saveAlias(tx: EntityManager, modelId: Id<'mdl'>, alias: Alias): Promise<void> {
    await tx.upsert(AliasEntity, { modelId, ...alias }, ['modelId', 'name']);
  }
}

function named(idOrName: string) {
  return isId('mdl', idOrName) ? { id: idOrName } : { name: idOrName };
}

function found(idOrName: string, row: ModelEntity | null): Model {
  if (row) return { ...row };
  throw new DomainError(
    'NOT_FOUND',
    'MODEL_NOT_FOUND',
    `there is no model "${idOrName}"; import it, or list the models of the organization`,
    { details: { model: idOrName } },
  );
}

function revisionFromRow({ position: _position, ...row }: ModelRevisionEntity): ModelRevision {
  return row;
}

function aliasFromRow({ name, digest, generation }: AliasEntity): Alias {
  return { name, digest, generation };
}
