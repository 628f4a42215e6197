import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Route } from '../domain/route.ts';

@Entity('endpoints')
export class EndpointEntity {
  @PrimaryColumn('text')
  id!: Id<'ept'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text', { name: 'project_id' })
  projectId!: Id<'prj'>;

  @Column('text')
  name!: string;

  @Column('jsonb')
  targets!: { deploymentId: Id<'dep'>; weight: number }[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** As it was published last. */
  @Column('jsonb', { nullable: true })
  route!: Route | null;

  @Column('bigint', { transformer: bigintColumn })
  epoch!: bigint;

  @Column('bigint', { transformer: bigintColumn })
  generation!: bigint;
}
