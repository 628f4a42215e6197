import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ScaleInputs } from '../domain/scaling.ts';

@Entity('scaling_decisions')
export class ScalingDecisionEntity {
  @PrimaryColumn('text')
  id!: Id<'dec'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text', { name: 'deployment_id' })
  deploymentId!: Id<'dep'>;

  @Column('text')
  explanation!: string;

  @Column('jsonb')
  inputs!: ScaleInputs;

  @Column('text', { name: 'engine_version' })
  engineVersion!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
