import { type Page, takePage } from '@ostro/grpc-host';
import { DomainError, type Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { EntityManager } from 'typeorm';
import { type Alias, movedBy } from '../domain/alias.ts';
import type { Digest } from '../domain/manifest.ts';
import type { Reference } from '../domain/reference.ts';
import type { ModelRevision } from '../domain/revision.ts';
import { takeRevisionPage } from './revision-page.ts';
import type { Model, ModelsRepository } from './models.repository.ts';

export interface ModelWithAliases extends Model {
  readonly aliases: readonly Alias[];
}

export class ModelsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly models: ModelsRepository,
  ) {}

  get(organizationId: Id<'org'>, idOrName: string): Promise<ModelWithAliases> {
    return this.transactions.run(async (tx) => {
      const [model] = await this.#withAliases(tx, [await this.models.get(tx, organizationId, idOrName)]);
      return model!;
    });
  }

  list(organizationId: Id<'org'>, page: Page) {
    return this.transactions.run(async (tx) => {
      const rows = await this.models.list(tx, organizationId, page);
      return takePage(await this.#withAliases(tx, rows), page, ({ name }) => [name]);
    });
  }

  listRevisions(organizationId: Id<'org'>, idOrName: string, page: Page) {
    return this.transactions.run(async (tx) => {
      const model = await this.models.get(tx, organizationId, idOrName);
      const rows = await this.models.listRevisions(tx, model.id, page);
      const { items, nextPageToken } = takeRevisionPage(rows, page);
      return { items: items.map(({ revision }) => revision), nextPageToken };
    });
  }

  /** @throws DomainError NOT_FOUND (MODEL_NOT_FOUND, ALIAS_NOT_FOUND, REVISION_NOT_FOUND) */
  resolve(organizationId: Id<'org'>, reference: Reference): Promise<ModelRevision> {
    return this.transactions.run(async (tx) => {
      if (reference.kind === 'digest') return this.#revision(tx, organizationId, reference.digest);
      const model = await this.models.get(tx, organizationId, reference.model);
      const alias = await this.models.findAlias(tx, model.id, reference.alias);
      if (!alias) throw aliasNotFound(model, reference.alias);
      return this.#revision(tx, organizationId, alias.digest, model.id);
    });
  }

  /** @throws DomainError ABORTED (ALIAS_MOVED) for whoever comes second. */
  setAlias(
    organizationId: Id<'org'>,
    idOrName: string,
    to: { readonly name: string; readonly digest: Digest; readonly expectedGeneration: bigint },
  ): Promise<Alias> {
    return this.transactions.run(async (tx) => {
      const model = await this.models.getForUpdate(tx, organizationId, idOrName);
      await this.#revision(tx, organizationId, to.digest, model.id);
      const alias = movedBy(await this.models.findAlias(tx, model.id, to.name), to);
      await this.models.saveAlias(tx, model.id, alias);
      return alias;
    });
  }

  async #withAliases(tx: EntityManager, models: readonly Model[]): Promise<readonly ModelWithAliases[]> {
    const aliases = await this.models.aliasesOf(
      tx,
      models.map(({ id }) => id),
    );
    return models.map((model) => ({ ...model, aliases: aliases.get(model.id)! }));
  }

  async #revision(
    tx: EntityManager,
    organizationId: Id<'org'>,
    digest: Digest,
    modelId?: Id<'mdl'>,
  ): Promise<ModelRevision> {
    const revision = await this.models.findRevision(tx, organizationId, digest, modelId);
    if (revision) return revision;
    throw new DomainError('NOT_FOUND', 'REVISION_NOT_FOUND', `there is no revision ${digest}; list the revisions`, {
      details: { digest },
    });
  }
}

function aliasNotFound(model: Model, alias: string): DomainError {
  return new DomainError(
    'NOT_FOUND',
    'ALIAS_NOT_FOUND',
    `model "${model.name}" has no alias "${alias}"; set it, or name a digest`,
    { details: { model: model.name, alias } },
  );
}
