import type { Id } from '@ostro/kernel';
import { bigintColumn } from '@ostro/persistence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Inventory, NodeAddress, OperatorState, ReplicaLoad, Site } from '../domain/node.ts';

@Entity('nodes')
export class NodeEntity {
  @PrimaryColumn('text')
  id!: Id<'nod'>;

  @Column('text', { name: 'organization_id' })
  organizationId!: Id<'org'>;

  @Column('text')
  name!: string;

  @Column('jsonb')
  site!: Site;

  @Column('text', { name: 'operator_state' })
  operatorState!: OperatorState;

  @Column('boolean', { name: 'is_dead' })
  isDead!: boolean;

  @Column('bigint', { transformer: bigintColumn })
  generation!: bigint;

  @Column('jsonb')
  inventory!: Inventory;

  @Column('jsonb')
  loads!: Record<string, ReplicaLoad>;

  @Column('jsonb', { nullable: true })
  address!: NodeAddress | null;

  @Column('text', { name: 'agent_version' })
  agentVersion!: string;

  @Column('bigint', { name: 'report_number', transformer: bigintColumn })
  reportNumber!: bigint;

  @Column('timestamptz', { name: 'reported_at', nullable: true })
  reportedAt!: Date | null;
}
