import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Site } from '../domain/site.ts';

@Entity({ name: 'nodes' })
export class NodeEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'nod'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ name: 'join_token_id', type: 'text' })
  joinTokenId!: Id<'jnt'>;

  @Column({ type: 'jsonb' })
  site!: Site;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'enrolled_at', type: 'timestamptz' })
  enrolledAt!: Date;

  @Column({ name: 'certificate_expires_at', type: 'timestamptz' })
  certificateExpiresAt!: Date;
}
