import { takePage, type Page } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import { type IdempotentRequest, onceByRequestId, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Reach } from '../domain/grant.ts';
import { checkedLabel, checkedSlug } from '../domain/names.ts';
import type { Organization, Project } from '../domain/organization.ts';
import type { Principal } from '../domain/principal.ts';
import type { PrincipalsRepository } from '../principals/principals.repository.ts';
import type { OrganizationsRepository } from './organizations.repository.ts';

const DEFAULT_PROJECT = 'default';

export class OrganizationsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly organizations: OrganizationsRepository,
    private readonly principals: PrincipalsRepository,
    private readonly audit: AuditLog,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** An organization is never without a project and an owner, or nobody could begin to use it. */
  async create(
    request: IdempotentRequest,
    input: { name: string; ownerName: string },
  ): Promise<{ organization: Organization; defaultProject: Project; owner: Principal }> {
    const name = checkedSlug(input.name, 'name');
    const ownerName = checkedLabel(input.ownerName, 'owner_name');
    return this.transactions.run(async (tx) => {
      const { resourceId } = await onceByRequestId(tx, request, () => this.#found(tx, name, ownerName));
      const organization = await this.organizations.get(tx, resourceId);
      const defaultProject = await this.organizations.getProject(
        tx,
        { organizationId: organization.id },
        DEFAULT_PROJECT,
      );
      const owner = await this.principals.first(tx, organization.id);
      return { organization, defaultProject, owner };
    });
  }

  async #found(tx: EntityManager, name: string, ownerName: string): Promise<string> {
    const { clock, ids } = this.context;
    const createdAt = clock.now();
    const organization: Organization = { id: ids('org'), name, createdAt };
    const organizationId = organization.id;
    await this.organizations.insert(tx, organization);
    await this.organizations.insertProject(tx, { id: ids('prj'), organizationId, name: DEFAULT_PROJECT, createdAt });
    await this.principals.insert(tx, {
      id: ids('prn'),
      organizationId,
      kind: 'user',
      name: ownerName,
      roleBindings: [{ role: 'owner' }],
      createdAt,
    });
    const after = { ...organization, ownerName };
    await this.audit.append(tx, { organizationId, action: 'organization.created', subjectId: organizationId, after });
    return organizationId;
  }

  get(organizationId: Id<'org'>): Promise<Organization> {
    return this.transactions.run((tx) => this.organizations.get(tx, organizationId));
  }

  async createProject(
    request: IdempotentRequest,
    input: { organizationId: Id<'org'>; name: string },
  ): Promise<Project> {
    const { organizationId } = input;
    const name = checkedSlug(input.name, 'name');
    return this.transactions.run(async (tx) => {
      const { resourceId } = await onceByRequestId(tx, request, async () => {
        const project: Project = {
          id: this.context.ids('prj'),
          organizationId,
          name,
          createdAt: this.context.clock.now(),
        };
        await this.organizations.insertProject(tx, project);
        const change = { organizationId, action: 'project.created', subjectId: project.id, after: project };
        await this.audit.append(tx, change);
        return project.id;
      });
      return this.organizations.getProject(tx, { organizationId }, resourceId);
    });
  }

  getProject(reach: Reach, idOrName: string): Promise<Project> {
    return this.transactions.run((tx) => this.organizations.getProject(tx, reach, idOrName));
  }

  async listProjects(reach: Reach, page: Page) {
    const rows = await this.transactions.run((tx) => this.organizations.listProjects(tx, reach, page));
    return takePage(rows, page, ({ name }) => [name]);
  }
}
