import { registryV1, schedulingV1 } from '@ostro/contracts';
import type { Id } from '@ostro/kernel';
import { type EntityManager, In } from 'typeorm';
import type { Spec } from '../domain/spec.ts';
import { RevisionEntity } from './revision.entity.ts';

/** One immutable snapshot of a spec, with the model it meant at the time. */
export interface Revision {
  readonly id: Id<'rev'>;
  readonly deploymentId: Id<'dep'>;
  readonly number: number;
  readonly asked: schedulingV1.DeploymentSpec;
  readonly spec: Spec;
  readonly model: registryV1.ModelRevision;
  readonly createdAt: Date;
}

export class RevisionsRepository {
  async insert(tx: EntityManager, { asked, model, ...revision }: Revision): Promise<void> {
    await tx.insert(RevisionEntity, {
      ...revision,
      asked: Buffer.from(schedulingV1.DeploymentSpec.encode(asked).finish()),
      model: Buffer.from(registryV1.ModelRevision.encode(model).finish()),
    });
  }

  async get(tx: EntityManager, id: Id<'rev'>): Promise<Revision> {
    return fromRow(await tx.findOneByOrFail(RevisionEntity, { id }));
  }

  async findAll(tx: EntityManager, ids: readonly Id<'rev'>[]): Promise<ReadonlyMap<Id<'rev'>, Revision>> {
    const rows = ids.length === 0 ? [] : await tx.findBy(RevisionEntity, { id: In([...new Set(ids)]) });
    return new Map(rows.map((row) => [row.id, fromRow(row)]));
  }
}

function fromRow({ asked, model, ...row }: RevisionEntity): Revision {
  return {
    ...row,
    asked: schedulingV1.DeploymentSpec.decode(asked),
    model: registryV1.ModelRevision.decode(model),
  };
}
