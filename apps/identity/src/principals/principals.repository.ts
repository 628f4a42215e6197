import type { Page } from '@ostro/grpc-host';
import { DomainError, type Id } from '@ostro/kernel';
import { isUniqueViolation } from '@ostro/persistence';
import { type EntityManager, MoreThan } from 'typeorm';
import type { Principal } from '../domain/principal.ts';
import type { RoleBinding } from '../domain/roles.ts';
import { PrincipalEntity } from './principal.entity.ts';

export class PrincipalsRepository {
  /** @throws DomainError ALREADY_EXISTS (NAME_TAKEN) */
  async insert(tx: EntityManager, principal: Principal): Promise<void> {
    try {
      await tx.insert(PrincipalEntity, { ...principal });
    } catch (error) {
      throw isUniqueViolation(error, 'principals_name') ? nameTaken(principal.name) : error;
    }
  }

  /** @throws DomainError NOT_FOUND (PRINCIPAL_NOT_FOUND) */
  async get(tx: EntityManager, organizationId: Id<'org'>, id: Id<'prn'>): Promise<Principal> {
    return found(id, await tx.findOneBy(PrincipalEntity, { id, organizationId }));
  }

  /**
   * As `get`, and its roles stay as they are until the transaction ends: for writers of keys, whose rights derive from
   * them. Several may share it; a change of roles waits for all of them.
   */
  async getUnchanging(tx: EntityManager, organizationId: Id<'org'>, id: Id<'prn'>): Promise<Principal> {
    const lock = { mode: 'pessimistic_read' } as const;
    return found(id, await tx.findOne(PrincipalEntity, { where: { id, organizationId }, lock }));
  }

  async getForUpdate(tx: EntityManager, organizationId: Id<'org'>, id: Id<'prn'>): Promise<Principal> {
    const lock = { mode: 'pessimistic_write' } as const;
    return found(id, await tx.findOne(PrincipalEntity, { where: { id, organizationId }, lock }));
  }

  /** The one an organization was founded with. */
  async first(tx: EntityManager, organizationId: Id<'org'>): Promise<Principal> {
    const row = await tx.findOne(PrincipalEntity, { where: { organizationId }, order: { id: 'ASC' } });
    return found('', row);
  }

  async saveRoles(tx: EntityManager, id: Id<'prn'>, roleBindings: readonly RoleBinding[]): Promise<void> {
    await tx.update(PrincipalEntity, { id }, { roleBindings });
  }

  /** One more than the page holds, by name. */
  async list(tx: EntityManager, organizationId: Id<'org'>, page: Page): Promise<readonly Principal[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(PrincipalEntity, {
      where: { organizationId, ...(after !== undefined && { name: MoreThan(after) }) },
      order: { name: 'ASC' },
      take: page.size + 1,
    });
    return rows.map((row) => ({ ...row }));
  }
}

function found(id: string, row: PrincipalEntity | null): Principal {
  if (row) return { ...row };
  throw new DomainError('NOT_FOUND', 'PRINCIPAL_NOT_FOUND', `there is no principal ${id}; list the principals`, {
    details: { principal_id: id },
  });
}

function nameTaken(name: string): DomainError {
  return new DomainError(
    'ALREADY_EXISTS',
    'NAME_TAKEN',
    `there is already a principal "${name}"; choose another name`,
    {
      details: { name },
    },
  );
}
