import { bigintColumn } from '@ostro/persistence';
import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RevocationReason } from '../domain/api-key.ts';

@Entity({ name: 'api_keys' })
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'key'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ name: 'project_id', type: 'text' })
  projectId!: Id<'prj'>;

  @Column({ name: 'principal_id', type: 'text' })
  principalId!: Id<'prn'>;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  prefix!: string;

  @Column({ name: 'secret_sha256', type: 'bytea' })
  secretSha256!: Buffer;

  @Column({ type: 'text', array: true })
  scopes!: string[];

  @Column({ name: 'effective_scopes', type: 'text', array: true })
  effectiveScopes!: string[];

  @Column({ name: 'allowed_models', type: 'text', array: true })
  allowedModels!: string[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;

  @Column({ name: 'revocation_reason', type: 'text', nullable: true })
  revocationReason!: RevocationReason | null;

  @Column({ name: 'has_lost_rights', type: 'boolean' })
  hasLostRights!: boolean;

  @Column({ type: 'bigint', transformer: bigintColumn })
  generation!: bigint;
}
