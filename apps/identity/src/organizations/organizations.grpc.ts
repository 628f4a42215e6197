import { Controller } from '@nestjs/common';
import { identityV1 } from '@ostro/contracts';
import { currentCall, currentCaller, parsePage, requireClaims, requireOrganization } from '@ostro/grpc-host';
import { idempotentRequest } from '@ostro/persistence';
import { Cell } from '../cell.ts';
import type { Organization, Project } from '../domain/organization.ts';
import { principalToProto } from '../principals/principals.grpc.ts';
import { OrganizationsService } from './organizations.service.ts';

/** Organizations of operators are in no organization yet: their request ids share one room. */
const NO_ORGANIZATION = '';

@Controller()
@identityV1.OrganizationServiceControllerMethods()
export class OrganizationsGrpc implements identityV1.OrganizationServiceController {
  constructor(
    private readonly service: OrganizationsService,
    private readonly cell: Cell,
  ) {}

  async createOrganization(
    request: identityV1.CreateOrganizationRequest,
  ): Promise<identityV1.CreateOrganizationResponse> {
    const scope = { organizationId: NO_ORGANIZATION, method: currentCall().method };
    const once = idempotentRequest(identityV1.CreateOrganizationRequest, request, scope);
    const { organization, defaultProject, owner } = await this.service.create(once, request);
    return {
      organization: this.#toProto(organization),
      defaultProject: projectToProto(defaultProject),
      owner: principalToProto(owner),
    };
  }

  async getOrganization(request: identityV1.GetOrganizationRequest): Promise<identityV1.GetOrganizationResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    return { organization: this.#toProto(await this.service.get(organizationId)) };
  }

  /** A token belongs to one organization, so the list has one entry. */
  async listOrganizations(request: identityV1.ListOrganizationsRequest): Promise<identityV1.ListOrganizationsResponse> {
    parsePage(request, {});
    const { organizationId } = requireClaims(currentCaller());
    return { organizations: [this.#toProto(await this.service.get(organizationId))], nextPageToken: '' };
  }

  async createProject(request: identityV1.CreateProjectRequest): Promise<identityV1.CreateProjectResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const scope = { organizationId, method: currentCall().method };
    const once = idempotentRequest(identityV1.CreateProjectRequest, request, scope);
    const project = await this.service.createProject(once, { organizationId, name: request.name });
    return { project: projectToProto(project) };
  }

  async getProject(request: identityV1.GetProjectRequest): Promise<identityV1.GetProjectResponse> {
    const reach = requireOrganization(currentCaller(), request.organizationId);
    return { project: projectToProto(await this.service.getProject(reach, request.project)) };
  }

  async listProjects(request: identityV1.ListProjectsRequest): Promise<identityV1.ListProjectsResponse> {
    const reach = requireOrganization(currentCaller(), request.organizationId);
    const page = parsePage(request, { organizationId: reach.organizationId });
    const { items, nextPageToken } = await this.service.listProjects(reach, page);
    return { projects: items.map(projectToProto), nextPageToken };
  }

  #toProto({ id, name, createdAt }: Organization): identityV1.Organization {
    return { organizationId: id, name, cellId: this.cell.id, createTime: createdAt };
  }
}

function projectToProto({ id, organizationId, name, createdAt }: Project): identityV1.Project {
  return { projectId: id, organizationId, name, createTime: createdAt };
}
