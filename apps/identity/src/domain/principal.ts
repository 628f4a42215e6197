import { DomainError, type Id } from '@ostro/kernel';
import type { RoleBinding } from './roles.ts';

export type PrincipalKind = 'user' | 'service_account';

/** A person or a program that acts in an organization. */
export interface Principal {
  readonly id: Id<'prn'>;
  readonly organizationId: Id<'org'>;
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly roleBindings: readonly RoleBinding[];
  readonly createdAt: Date;
}

/**
 * A program begins without rights: whoever gives it some does so knowingly, in a second step.
 *
 * @throws DomainError INVALID_ARGUMENT (SERVICE_ACCOUNT_WITH_ROLES)
 */
export function assertMayBeginWith(kind: PrincipalKind, bindings: readonly RoleBinding[]): void {
  if (kind === 'user' || bindings.length === 0) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'SERVICE_ACCOUNT_WITH_ROLES',
    'a service account is created without roles; create it, then set its roles',
    { details: { field: 'role_bindings' } },
  );
}

/** Who acts on the cell itself, before an organization has anybody. No key belongs to it; its certificate proves it. */
export const OPERATOR = {
  principalId: 'prn_00000000000070008000000000000000',
  keyId: 'key_00000000000070008000000000000000',
} as const satisfies { principalId: Id<'prn'>; keyId: Id<'key'> };
