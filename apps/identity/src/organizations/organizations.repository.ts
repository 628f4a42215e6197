import { DomainError, type Id, isId } from '@ostro/kernel';
import type { Page } from '@ostro/grpc-host';
import { isUniqueViolation } from '@ostro/persistence';
import { type EntityManager, In, MoreThan } from 'typeorm';
import type { Reach } from '../domain/grant.ts';
import type { Organization, Project } from '../domain/organization.ts';
import { OrganizationEntity } from './organization.entity.ts';
import { ProjectEntity } from './project.entity.ts';

export class OrganizationsRepository {
  /** @throws DomainError ALREADY_EXISTS (NAME_TAKEN) */
  async insert(tx: EntityManager, organization: Organization): Promise<void> {
    try {
      await tx.insert(OrganizationEntity, { ...organization });
    } catch (error) {
      throw isUniqueViolation(error, 'organizations_name') ? nameTaken('organization', organization.name) : error;
    }
  }

  /** @throws DomainError ALREADY_EXISTS (NAME_TAKEN) */
  async insertProject(tx: EntityManager, project: Project): Promise<void> {
    try {
      await tx.insert(ProjectEntity, { ...project });
    } catch (error) {
      throw isUniqueViolation(error, 'projects_name') ? nameTaken('project', project.name) : error;
    }
  }

  /** @throws DomainError NOT_FOUND (ORGANIZATION_NOT_FOUND) */
  async get(tx: EntityManager, id: string): Promise<Organization> {
    const row = await tx.findOneBy(OrganizationEntity, { id: id as Id<'org'> });
    if (row) return { ...row };
    throw new DomainError('NOT_FOUND', 'ORGANIZATION_NOT_FOUND', `there is no organization ${id}; check the id`, {
      details: { organization_id: id },
    });
  }

  /** By id or by name; a project out of reach does not exist. @throws DomainError NOT_FOUND (PROJECT_NOT_FOUND) */
  async getProject(tx: EntityManager, { organizationId, projectIds }: Reach, idOrName: string): Promise<Project> {
    const which = isId('prj', idOrName) ? { id: idOrName } : { name: idOrName };
    const row = await tx.findOneBy(ProjectEntity, { organizationId, ...which });
    if (row && (projectIds?.includes(row.id) ?? true)) return { ...row };
    throw new DomainError(
      'NOT_FOUND',
      'PROJECT_NOT_FOUND',
      `there is no project ${idOrName}; list the projects of the organization`,
      { details: { project: idOrName } },
    );
  }

  /** One more than the page holds, by name. */
  async listProjects(
    tx: EntityManager,
    { organizationId, projectIds }: Reach,
    page: Page,
  ): Promise<readonly Project[]> {
    const [after] = page.after ?? [];
    const rows = await tx.find(ProjectEntity, {
      where: {
        organizationId,
        ...(projectIds && { id: In([...projectIds]) }),
        ...(after !== undefined && { name: MoreThan(after) }),
      },
      order: { name: 'ASC' },
      take: page.size + 1,
    });
    return rows.map((row) => ({ ...row }));
  }
}

function nameTaken(noun: string, name: string): DomainError {
  return new DomainError('ALREADY_EXISTS', 'NAME_TAKEN', `there is already a ${noun} "${name}"; choose another name`, {
    details: { name },
  });
}
