import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Spec } from '../domain/spec.ts';

@Entity('revisions')
export class RevisionEntity {
  @PrimaryColumn('text')
  id!: Id<'rev'>;

  @Column('text', { name: 'deployment_id' })
  deploymentId!: Id<'dep'>;

  @Column('integer')
  number!: number;

  /** DeploymentSpec as it was asked for: what an update is applied to. */
  @Column('bytea')
  asked!: Buffer;

  @Column('jsonb')
  spec!: Spec;

  /** ModelRevision as the registry answered it, with the manifest that agents pull by. */
  @Column('bytea')
  model!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
