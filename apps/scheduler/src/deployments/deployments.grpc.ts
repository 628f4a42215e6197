import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { schedulingV1 } from '@ostro/contracts';
import { currentCall, currentCaller, parsePage, requireOrganization, requireProject, takePage } from '@ostro/grpc-host';
import { DomainError, parseId, Sensitive } from '@ostro/kernel';
import { idempotentRequest } from '@ostro/persistence';
import { from, type Observable, switchMap } from 'rxjs';
import { LogFollower } from '../logs/log-follower.ts';
import { replicaToProto } from '../replicas/replica-proto.ts';
import { deploymentToProto } from './deployment-proto.ts';
import { DeploymentsService } from './deployments.service.ts';
import { type DeploymentRef, DeploymentsView } from './deployments.view.ts';
import type { Requester } from './model-resolver.ts';

@Controller()
@schedulingV1.DeploymentServiceControllerMethods()
export class DeploymentsGrpc implements schedulingV1.DeploymentServiceController {
  constructor(
    private readonly service: DeploymentsService,
    private readonly view: DeploymentsView,
    private readonly logs: LogFollower,
  ) {}

  async createDeployment(
    request: schedulingV1.CreateDeploymentRequest,
    metadata?: Metadata,
  ): Promise<schedulingV1.CreateDeploymentResponse> {
    const requester = requesterOf(request, metadata);
    const projectId = parseId('prj', request.projectId, 'project_id');
    requireProject(currentCaller(), projectId);
    const { organizationId } = requester;
    const scope = { organizationId, method: currentCall().method };
    const once = idempotentRequest(schedulingV1.CreateDeploymentRequest, request, scope);
    const asked = { organizationId, projectId, name: request.name, spec: required(request.spec) };
    return { deployment: deploymentToProto(await this.service.create(once, asked, requester)) };
  }

  async getDeployment(request: schedulingV1.GetDeploymentRequest): Promise<schedulingV1.GetDeploymentResponse> {
    const projectId = request.projectId === '' ? undefined : parseId('prj', request.projectId, 'project_id');
    if (projectId) requireProject(currentCaller(), projectId);
    const shown = await this.view.get({ ...refOf(request.organizationId, request.deployment), projectId });
    return { deployment: deploymentToProto(shown) };
  }

  async listDeployments(request: schedulingV1.ListDeploymentsRequest): Promise<schedulingV1.ListDeploymentsResponse> {
    const { organizationId, projectIds: reachable } = requireOrganization(currentCaller(), request.organizationId);
    const asked = request.projectId === '' ? undefined : parseId('prj', request.projectId, 'project_id');
    if (asked) requireProject(currentCaller(), asked);
    const projectIds = asked ? [asked] : reachable;
    const page = parsePage(request, { organizationId, projectIds });
    const rows = await this.view.list({ organizationId, projectIds }, page);
    const { items, nextPageToken } = takePage(rows, page, ({ deployment: { name, id } }) => [name, id]);
    return { deployments: items.map(deploymentToProto), nextPageToken };
  }

  async updateDeployment(
    request: schedulingV1.UpdateDeploymentRequest,
    metadata?: Metadata,
  ): Promise<schedulingV1.UpdateDeploymentResponse> {
    const requester = requesterOf(request, metadata);
    const shown = await this.service.update(
      refOf(request.organizationId, request.deploymentId),
      { spec: required(request.spec), paths: request.updateMask, expectedGeneration: request.expectedGeneration },
      requester,
    );
    return { deployment: deploymentToProto(shown) };
  }

  async deleteDeployment(
    request: schedulingV1.DeleteDeploymentRequest,
  ): Promise<schedulingV1.DeleteDeploymentResponse> {
    const shown = await this.service.delete(refOf(request.organizationId, request.deploymentId));
    return { deployment: deploymentToProto(shown) };
  }

  async listReplicas(request: schedulingV1.ListReplicasRequest): Promise<schedulingV1.ListReplicasResponse> {
    const ref = refOf(request.organizationId, request.deploymentId);
    const page = parsePage(request, { deploymentId: request.deploymentId });
    const { items, nextPageToken } = takePage(await this.view.replicasOf(ref, page), page, ({ id }) => [id]);
    return { replicas: items.map(replicaToProto), nextPageToken };
  }

  followLogs(request: schedulingV1.FollowLogsRequest): Observable<schedulingV1.FollowLogsResponse> {
    const ref = refOf(request.organizationId, request.deploymentId);
    return from(this.view.liveReplicasOf(ref)).pipe(
      switchMap((replicas) => this.logs.follow(replicas, request.replicaId)),
    );
  }
}

/** Every deployment is looked for within what the caller reaches: others do not exist for it. */
function refOf(organizationId: string, idOrName: string): DeploymentRef {
  const claims = requireOrganization(currentCaller(), organizationId);
  return { organizationId: claims.organizationId, projectIds: claims.projectIds, idOrName };
}

function requesterOf({ organizationId }: { organizationId: string }, metadata: Metadata | undefined): Requester {
  const claims = requireOrganization(currentCaller(), organizationId);
  const [authorization = ''] = metadata?.get('authorization') ?? [];
  const token = new Sensitive(authorization.toString().replace(/^Bearer /i, ''));
  return { organizationId: claims.organizationId, token };
}

function required(spec: schedulingV1.DeploymentSpec | undefined): schedulingV1.DeploymentSpec {
  if (spec) return spec;
  throw new DomainError('INVALID_ARGUMENT', 'SPEC_REQUIRED', 'spec must be given', { details: { field: 'spec' } });
}
