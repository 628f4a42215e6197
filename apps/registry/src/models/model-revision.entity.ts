import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Digest, Manifest } from '../domain/manifest.ts';
import type { RevisionFacts } from '../domain/revision.ts';

@Entity({ name: 'model_revisions' })
export class ModelRevisionEntity {
  @PrimaryColumn({ name: 'model_id', type: 'text' })
  modelId!: Id<'mdl'>;

  @PrimaryColumn({ type: 'text' })
  digest!: Digest;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ name: 'model_name', type: 'text' })
  modelName!: string;

  @Column({ type: 'jsonb' })
  manifest!: Manifest;

  @Column({ type: 'jsonb' })
  facts!: RevisionFacts;

  @Column({ type: 'text' })
  licence!: string;

  @Column({ type: 'text' })
  source!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Order of publication. */
  @Column({ type: 'bigint', transformer: bigintColumn, insert: false, update: false })
  position!: bigint;
}
