import { registryV1, TOPICS } from '@ostro/contracts';
import type { Outbox } from '@ostro/messaging';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { ModelRevision } from '../domain/revision.ts';
import { revisionToProto } from '../models/revision-to-proto.ts';

const {
  name: topic,
  types: [type],
} = TOPICS.modelRevision;

/** Tells of new revisions, in the transaction that publishes them. */
export class RevisionEvents {
  constructor(
    private readonly outbox: Outbox,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async published(tx: EntityManager, revision: ModelRevision): Promise<void> {
    const message = { revision: revisionToProto(revision), cellId: this.cellId };
    await this.outbox.append(tx, [
      {
        topic,
        key: revision.modelId,
        type,
        id: this.context.ids('evt'),
        source: `${this.cellId}/registry`,
        subject: revision.modelId,
        time: this.context.clock.now(),
        organizationId: revision.organizationId,
        value: registryV1.ModelRevisionPublished.encode(message).finish(),
      },
    ]);
  }
}
