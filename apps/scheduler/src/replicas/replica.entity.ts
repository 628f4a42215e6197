import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ReplicaPhase } from '../domain/replica.ts';

@Entity('replicas')
export class ReplicaEntity {
  @PrimaryColumn('text')
  id!: Id<'rep'>;

  @Column('text', { name: 'deployment_id' })
  deploymentId!: Id<'dep'>;

  @Column('text', { name: 'revision_id' })
  revisionId!: Id<'rev'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text', { name: 'node_id', nullable: true })
  nodeId!: Id<'nod'> | null;

  @Column('text', { name: 'accelerator_ids', array: true })
  acceleratorIds!: string[];

  @Column('bigint', { name: 'fencing_token', transformer: bigintColumn })
  fencingToken!: bigint;

  @Column('text')
  phase!: ReplicaPhase;

  @Column('text')
  reason!: string;

  @Column('text')
  message!: string;

  @Column('text', { name: 'last_log_lines', array: true })
  lastLogLines!: string[];

  @Column('integer', { name: 'restart_count' })
  restartCount!: number;

  @Column('text', { name: 'decision_id', nullable: true })
  decisionId!: Id<'dec'> | null;

  @Column('bigint', { name: 'goal_generation', transformer: bigintColumn })
  goalGeneration!: bigint;

  @Column('timestamptz', { name: 'drain_deadline', nullable: true })
  drainDeadline!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'phase_at' })
  phaseAt!: Date;

  @Column('timestamptz', { name: 'ready_at', nullable: true })
  readyAt!: Date | null;
}
