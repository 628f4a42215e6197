import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Import, ImportedFile, ImportState } from '../domain/import.ts';
import type { Digest } from '../domain/manifest.ts';
import type { ImportSource } from '../domain/source.ts';

@Entity({ name: 'imports' })
export class ImportEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'imp'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ name: 'model_name', type: 'text' })
  modelName!: string;

  @Column({ type: 'text' })
  alias!: string;

  @Column({ type: 'jsonb' })
  source!: ImportSource;

  @Column({ type: 'text' })
  state!: ImportState;

  @Column({ type: 'jsonb' })
  files!: ImportedFile[];

  @Column({ name: 'received_bytes', type: 'bigint', transformer: bigintColumn })
  receivedBytes!: bigint;

  @Column({ name: 'total_bytes', type: 'bigint', transformer: bigintColumn })
  totalBytes!: bigint;

  @Column({ type: 'text', nullable: true })
  digest!: Digest | null;

  @Column({ type: 'jsonb', nullable: true })
  error!: Import['error'];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  @Column({ name: 'lease_token', type: 'bigint', transformer: bigintColumn, insert: false })
  leaseToken!: bigint;

  @Column({ type: 'integer', insert: false })
  failures!: number;
}
