import { Controller } from '@nestjs/common';
import { schedulingV1 } from '@ostro/contracts';
import { currentCaller, parsePage, requireOrganization, requireProject, takePage } from '@ostro/grpc-host';
import { parseId } from '@ostro/kernel';
import { TransactionRunner } from '@ostro/persistence';
import { endpointToProto } from '../routes/route-proto.ts';
import { EndpointsRepository } from './endpoints.repository.ts';

@Controller()
@schedulingV1.EndpointServiceControllerMethods()
export class EndpointsGrpc implements schedulingV1.EndpointServiceController {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly endpoints: EndpointsRepository,
  ) {}

  async listEndpoints(request: schedulingV1.ListEndpointsRequest): Promise<schedulingV1.ListEndpointsResponse> {
    const { organizationId, projectIds: reachable } = requireOrganization(currentCaller(), request.organizationId);
    const asked = request.projectId === '' ? undefined : parseId('prj', request.projectId, 'project_id');
    if (asked) requireProject(currentCaller(), asked);
    const projectIds = asked ? [asked] : reachable;
    const page = parsePage(request, { organizationId, projectIds });
    const rows = await this.transactions.run((tx) => this.endpoints.list(tx, { organizationId, projectIds }, page));
    const { items, nextPageToken } = takePage(rows, page, ({ name, id }) => [name, id]);
    return { endpoints: items.map(endpointToProto), nextPageToken };
  }

  async getEndpoint(request: schedulingV1.GetEndpointRequest): Promise<schedulingV1.GetEndpointResponse> {
    const { organizationId, projectIds } = requireOrganization(currentCaller(), request.organizationId);
    const where = { organizationId, projectIds, idOrName: request.endpoint };
    return { endpoint: endpointToProto(await this.transactions.run((tx) => this.endpoints.get(tx, where))) };
  }
}
