import type { Id } from '@ostro/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PrincipalKind } from '../domain/principal.ts';
import type { RoleBinding } from '../domain/roles.ts';

@Entity({ name: 'principals' })
export class PrincipalEntity {
  @PrimaryColumn({ type: 'text' })
  id!: Id<'prn'>;

  @Column({ name: 'organization_id', type: 'text' })
  organizationId!: Id<'org'>;

  @Column({ type: 'text' })
  kind!: PrincipalKind;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'role_bindings', type: 'jsonb' })
  roleBindings!: readonly RoleBinding[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
