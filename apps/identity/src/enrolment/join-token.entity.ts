import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Site } from '../domain/site.ts';

@Entity({ name: 'join_tokens' })
export class JoinTokenEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'jnt'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ type: 'jsonb' })
  site!: Site;

  @Column({ name: 'secret_sha256', type: 'bytea' })
  secretSha256!: Buffer;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'used_at', type: 'timestamptz', nullable: true })
  usedAt!: Date | null;
}
