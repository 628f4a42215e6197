import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import type { identityV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, IDENTITY } from '../clients/control-plane.ts';
import { Operation } from '../http/operation.ts';
import { body, label, type PageQuery, pageQuery, path, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import {
  organization,
  principal,
  principalKinds,
  principalPage,
  project,
  projectPage,
  roles,
} from './identity.views.ts';

const newProject = body('NewProject', { name: label });
const roleBindings = z.array(z.strictObject({ role: roles.input, project_id: z.string().optional() })).max(100);
const newPrincipal = body('NewPrincipal', {
  kind: principalKinds.input,
  name: label,
  role_bindings: roleBindings.default([]),
});
const newRoles = body('NewRoles', { role_bindings: roleBindings });
const byProject = path('project');
const byPrincipal = path('principal_id');

/** The caller's organization, its projects and who may act in it. */
@Controller('v1')
export class OrganizationsHttp {
  readonly #identity: ControlPlane['identity'];

  constructor(control: ControlPlane) {
    this.#identity = control.identity;
  }

  @Get('organization')
  @Operation(IDENTITY.getOrganization, 'getOrganization', 'The organization of the key', { answers: organization })
  async organization(@By() caller: Caller): Promise<identityV1.Organization> {
    const { organizationId } = caller;
    const { organization } = await this.#identity.getOrganization({ organizationId }, caller.reads());
    return organization!;
  }

  @Get('projects')
  @Operation(IDENTITY.listProjects, 'listProjects', 'Projects, by name', { answers: projectPage })
  async projects(
    @Query({ schema: pageQuery }) query: PageQuery,
    @By() caller: Caller,
  ): Promise<Listed<identityV1.Project>> {
    const request = { organizationId: caller.organizationId, ...toPage(query) };
    const { projects, nextPageToken } = await this.#identity.listProjects(request, caller.reads());
    return { items: projects, nextPageToken };
  }

  @Post('projects')
  @Operation(IDENTITY.createProject, 'createProject', 'Creates a project', { answers: project, status: 201 })
  async createProject(
    @Body({ schema: newProject }) { name }: z.output<typeof newProject>,
    @By() caller: Caller,
  ): Promise<identityV1.Project> {
    const { organizationId, requestId } = caller;
    const { project } = await this.#identity.createProject({ organizationId, requestId, name }, caller.writes());
    return project!;
  }

  @Get('projects/:project')
  @Operation(IDENTITY.getProject, 'getProject', 'One project by id or name', { answers: project })
  async project(
    @Param({ schema: byProject }) { project: id }: z.output<typeof byProject>,
    @By() caller: Caller,
  ): Promise<identityV1.Project> {
    const { organizationId } = caller;
    const { project } = await this.#identity.getProject({ organizationId, project: id }, caller.reads());
    return project!;
  }

  @Get('principals')
  @Operation(IDENTITY.listPrincipals, 'listPrincipals', 'Users and service accounts, by name', {
    answers: principalPage,
  })
  async principals(
    @Query({ schema: pageQuery }) query: PageQuery,
    @By() caller: Caller,
  ): Promise<Listed<identityV1.Principal>> {
    const request = { organizationId: caller.organizationId, ...toPage(query) };
    const { principals, nextPageToken } = await this.#identity.listPrincipals(request, caller.reads());
    return { items: principals, nextPageToken };
  }

  @Post('principals')
  @Operation(IDENTITY.createPrincipal, 'createPrincipal', 'Creates a user or a service account', {
    answers: principal,
    status: 201,
  })
  async createPrincipal(
    @Body({ schema: newPrincipal }) { kind, name, role_bindings }: z.output<typeof newPrincipal>,
    @By() caller: Caller,
  ): Promise<identityV1.Principal> {
    const { organizationId, requestId } = caller;
    const { principal } = await this.#identity.createPrincipal(
      {
        organizationId,
        requestId,
        kind: principalKinds.numberOf(kind),
        name,
        roleBindings: role_bindings.map(toRoleBinding),
      },
      caller.writes(),
    );
    return principal!;
  }

  @Put('principals/:principal_id/roles')
  @Operation(IDENTITY.setRoles, 'setRoles', 'Replaces the roles of a principal; its keys have them within 5 s', {
    answers: principal,
  })
  async setRoles(
    @Param({ schema: byPrincipal }) { principal_id: principalId }: z.output<typeof byPrincipal>,
    @Body({ schema: newRoles }) { role_bindings }: z.output<typeof newRoles>,
    @By() caller: Caller,
  ): Promise<identityV1.Principal> {
    const { organizationId } = caller;
    const { principal } = await this.#identity.setRoles(
      { organizationId, principalId, roleBindings: role_bindings.map(toRoleBinding) },
      caller.writes(),
    );
    return principal!;
  }
}

function toRoleBinding({ role, project_id = '' }: z.output<typeof roleBindings>[number]): identityV1.RoleBinding {
  return { role: roles.numberOf(role), projectId: project_id };
}
