import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Digest } from '../domain/manifest.ts';

@Entity({ name: 'aliases' })
export class AliasEntity {
  @PrimaryColumn({ name: 'model_id', type: 'text' })
  modelId!: Id<'mdl'>;

  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  digest!: Digest;

  @Column({ type: 'bigint', transformer: bigintColumn })
  generation!: bigint;
}
