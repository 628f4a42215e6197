import { Controller } from '@nestjs/common';
import { identityV1 } from '@ostro/contracts';
import { currentCall, currentCaller, parsePage, requireOrganization } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { idempotentRequest } from '@ostro/persistence';
import type { Principal, PrincipalKind } from '../domain/principal.ts';
import type { Role, RoleBinding } from '../domain/roles.ts';
import { PrincipalsService } from './principals.service.ts';

const ROLES: readonly (readonly [identityV1.Role, Role])[] = [
  [identityV1.Role.ROLE_OWNER, 'owner'],
  [identityV1.Role.ROLE_DEVELOPER, 'developer'],
  [identityV1.Role.ROLE_BILLING_VIEWER, 'billing_viewer'],
  [identityV1.Role.ROLE_AUDITOR, 'auditor'],
];
const KINDS: readonly (readonly [identityV1.PrincipalKind, PrincipalKind])[] = [
  [identityV1.PrincipalKind.PRINCIPAL_KIND_USER, 'user'],
  [identityV1.PrincipalKind.PRINCIPAL_KIND_SERVICE_ACCOUNT, 'service_account'],
];

@Controller()
@identityV1.PrincipalServiceControllerMethods()
export class PrincipalsGrpc implements identityV1.PrincipalServiceController {
  constructor(private readonly service: PrincipalsService) {}

  async createPrincipal(request: identityV1.CreatePrincipalRequest): Promise<identityV1.CreatePrincipalResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const scope = { organizationId, method: currentCall().method };
    const principal = await this.service.create(idempotentRequest(identityV1.CreatePrincipalRequest, request, scope), {
      organizationId,
      kind: fromWire(KINDS, request.kind, 'kind'),
      name: request.name,
      roleBindings: request.roleBindings.map(bindingFromProto),
    });
    return { principal: principalToProto(principal) };
  }

  async listPrincipals(request: identityV1.ListPrincipalsRequest): Promise<identityV1.ListPrincipalsResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const { items, nextPageToken } = await this.service.list(organizationId, parsePage(request, { organizationId }));
    return { principals: items.map(principalToProto), nextPageToken };
  }

  async setRoles(request: identityV1.SetRolesRequest): Promise<identityV1.SetRolesResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const principalId = parseId('prn', request.principalId, 'principal_id');
    const bindings = request.roleBindings.map(bindingFromProto);
    return { principal: principalToProto(await this.service.setRoles(organizationId, principalId, bindings)) };
  }
}

export function principalToProto(principal: Principal): identityV1.Principal {
  return {
    principalId: principal.id,
    organizationId: principal.organizationId,
    kind: toWire(KINDS, principal.kind),
    name: principal.name,
    roleBindings: principal.roleBindings.map(({ role, projectId = '' }) => ({ role: toWire(ROLES, role), projectId })),
    createTime: principal.createdAt,
  };
}

function bindingFromProto({ role, projectId }: identityV1.RoleBinding): RoleBinding {
  return {
    role: fromWire(ROLES, role, 'role'),
    ...(projectId !== '' && { projectId: parseId('prj', projectId, 'project_id') }),
  };
}

function toWire<W, D>(pairs: readonly (readonly [W, D])[], domain: D): W {
  return pairs.find(([, word]) => word === domain)![0];
}

function fromWire<W, D>(pairs: readonly (readonly [W, D])[], wire: W, field: string): D {
  const pair = pairs.find(([value]) => value === wire);
  if (pair) return pair[1];
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_CHOICE',
    `${field} must be one of ${pairs.map(([, word]) => String(word)).join(', ')}`,
    { details: { field } },
  );
}
