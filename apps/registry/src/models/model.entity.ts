import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'models' })
export class ModelEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'mdl'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  licence!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
