import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import { pointedAt } from '../domain/alias.ts';
import type { Import } from '../domain/import.ts';
import type { ModelRevision } from '../domain/revision.ts';
import { labelOf } from '../domain/source.ts';
import type { RevisionEvents } from '../events/revision-events.ts';
import { digestOf } from '../models/manifest-digest.ts';
import type { Model, ModelsRepository } from '../models/models.repository.ts';
import type { Claim, ImportsRepository } from './imports.repository.ts';
import type { Verified } from './verification.ts';

/** The one way a revision comes to be. */
export class Publication {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly imports: ImportsRepository,
    private readonly models: ModelsRepository,
    private readonly events: RevisionEvents,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** Revision, alias, event and the import's end: one transaction, so nobody sees one without the others. */
  publish(claim: Claim, imported: Import, verified: Verified): Promise<void> {
    const now = this.context.clock.now();
    const digest = digestOf(verified.manifest);
    const { organizationId, modelName, source } = imported;
    return this.transactions.run(async (tx) => {
      await this.imports.save(tx, claim, { state: 'published', digest, updatedAt: now });
      const model = await this.models.ensureForUpdate(tx, {
        id: this.context.ids('mdl'),
        organizationId,
        name: modelName,
        licence: verified.licence,
        createdAt: now,
      });
      const { manifest, facts, licence } = verified;
      const identity = { digest, modelId: model.id, organizationId, modelName };
      const revision: ModelRevision = {
        ...identity,
        ...{ manifest, facts, licence },
        source: labelOf(source),
        createdAt: now,
      };
      const isNew = await this.models.insertRevision(tx, revision);
      await this.#pointAlias(tx, model, imported.alias, revision);
      if (isNew) await this.events.published(tx, revision);
    });
  }

  async #pointAlias(tx: EntityManager, model: Model, name: string, { digest }: ModelRevision): Promise<void> {
    const alias = pointedAt(await this.models.findAlias(tx, model.id, name), name, digest);
    if (alias) await this.models.saveAlias(tx, model.id, alias);
  }
}
