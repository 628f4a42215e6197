import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Autoscaling } from '../domain/autoscaling.ts';
import type { Condition, DeploymentPhase } from '../domain/condition.ts';

@Entity('deployments')
export class DeploymentEntity {
  @PrimaryColumn('text')
  id!: Id<'dep'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text', { name: 'project_id' })
  projectId!: Id<'prj'>;

  @Column('text')
  name!: string;

  @Column('text', { name: 'endpoint_id' })
  endpointId!: Id<'ept'>;

  @Column('text', { name: 'revision_id' })
  revisionId!: Id<'rev'>;

  @Column('integer')
  replicas!: number;

  @Column('jsonb', { nullable: true })
  autoscaling!: Autoscaling | null;

  @Column('text', { name: 'scaling_decision_id', nullable: true })
  scalingDecisionId!: Id<'dec'> | null;

  @Column('bigint', { transformer: bigintColumn })
  generation!: bigint;

  @Column('bigint', { name: 'observed_generation', transformer: bigintColumn })
  observedGeneration!: bigint;

  @Column('boolean', { name: 'is_deleting' })
  isDeleting!: boolean;

  @Column('text')
  phase!: DeploymentPhase;

  @Column('jsonb')
  conditions!: Condition[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'due_at' })
  dueAt!: Date;
}
