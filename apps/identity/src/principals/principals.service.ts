import { type Page, takePage } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import { type IdempotentRequest, onceByRequestId, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { AuditLog } from '../audit/audit-log.ts';
import { checkedLabel } from '../domain/names.ts';
import { assertMayBeginWith, type Principal, type PrincipalKind } from '../domain/principal.ts';
import type { RoleBinding } from '../domain/roles.ts';
import type { KeyChanges } from '../keys/key-changes.ts';
import type { OrganizationsRepository } from '../organizations/organizations.repository.ts';
import type { PrincipalsRepository } from './principals.repository.ts';

export interface NewPrincipal {
  readonly organizationId: Id<'org'>;
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly roleBindings: readonly RoleBinding[];
}

export class PrincipalsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly principals: PrincipalsRepository,
    private readonly organizations: OrganizationsRepository,
    private readonly keys: KeyChanges,
    private readonly audit: AuditLog,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async create(request: IdempotentRequest, input: NewPrincipal): Promise<Principal> {
    const { organizationId } = input;
    const name = checkedLabel(input.name, 'name');
    assertMayBeginWith(input.kind, input.roleBindings);
    return this.transactions.run(async (tx) => {
      const { resourceId } = await onceByRequestId(tx, request, async () => {
        await this.#assertProjectsExist(tx, organizationId, input.roleBindings);
        const { clock, ids } = this.context;
        const principal: Principal = { ...input, id: ids('prn'), name, createdAt: clock.now() };
        await this.principals.insert(tx, principal);
        const change = { organizationId, action: 'principal.created', subjectId: principal.id, after: principal };
        await this.audit.append(tx, change);
        return principal.id;
      });
      return this.principals.get(tx, organizationId, resourceId as Id<'prn'>);
    });
  }

  async list(organizationId: Id<'org'>, page: Page) {
    const rows = await this.transactions.run((tx) => this.principals.list(tx, organizationId, page));
    return takePage(rows, page, ({ name }) => [name]);
  }

  /** Its keys change with it, in one transaction: a right that is lost here is lost everywhere. */
  async setRoles(
    organizationId: Id<'org'>,
    principalId: Id<'prn'>,
    roleBindings: readonly RoleBinding[],
  ): Promise<Principal> {
    return this.transactions.run(async (tx) => {
      const before = await this.principals.getForUpdate(tx, organizationId, principalId);
      await this.#assertProjectsExist(tx, organizationId, roleBindings);
      const after = { ...before, roleBindings };
      await this.principals.saveRoles(tx, principalId, roleBindings);
      await this.keys.regrant(tx, after);
      await this.audit.append(tx, {
        organizationId,
        action: 'principal.roles_set',
        subjectId: principalId,
        before,
        after,
      });
      return after;
    });
  }

  async #assertProjectsExist(
    tx: EntityManager,
    organizationId: Id<'org'>,
    bindings: readonly RoleBinding[],
  ): Promise<void> {
    for (const { projectId } of bindings) {
      if (projectId !== undefined) await this.organizations.getProject(tx, { organizationId }, projectId);
    }
  }
}
