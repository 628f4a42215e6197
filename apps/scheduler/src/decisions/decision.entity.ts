import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import type { RankedCandidate } from '@ostro/placement';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('decisions')
export class DecisionEntity {
  @PrimaryColumn('text')
  id!: Id<'dec'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text', { name: 'replica_id' })
  replicaId!: Id<'rep'>;

  @Column('text', { name: 'node_id', nullable: true })
  nodeId!: Id<'nod'> | null;

  @Column('text')
  explanation!: string;

  @Column('text', { array: true })
  rejections!: string[];

  @Column('jsonb')
  candidates!: RankedCandidate[];

  @Column('text', { name: 'engine_version' })
  engineVersion!: string;

  @Column('text', { name: 'profile_digest' })
  profileDigest!: string;

  @Column('bigint', { transformer: bigintColumn })
  seed!: bigint;

  /** Null: from before placement knew of demand. */
  @Column('text', { name: 'demand_digest', nullable: true })
  demandDigest!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
