import { Controller, Get, Param, Query } from '@nestjs/common';
import type { schedulingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, SCHEDULER } from '../clients/control-plane.ts';
import { Operation } from '../http/operation.ts';
import { page, path, query, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { decision, endpoint, endpointPage } from './scheduling.views.ts';

const listQuery = query({ project_id: z.string().default(''), ...page });
const byEndpoint = path('endpoint');
const byDecision = path('decision_id');

/** The names clients call, and the choices that put replicas behind them. */
@Controller('v1')
export class EndpointsHttp {
  readonly #scheduler: ControlPlane['scheduler'];

  constructor(control: ControlPlane) {
    this.#scheduler = control.scheduler;
  }

  @Get('endpoints')
  @Operation(SCHEDULER.listEndpoints, 'listEndpoints', 'Endpoints, by name', { answers: endpointPage })
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @By() caller: Caller,
  ): Promise<Listed<schedulingV1.Endpoint>> {
    const request = { organizationId: caller.organizationId, projectId: query.project_id, ...toPage(query) };
    const { endpoints, nextPageToken } = await this.#scheduler.listEndpoints(request, caller.reads());
    return { items: endpoints, nextPageToken };
  }

  @Get('endpoints/:endpoint')
  @Operation(SCHEDULER.getEndpoint, 'getEndpoint', 'One endpoint by id or name', { answers: endpoint })
  async get(
    @Param({ schema: byEndpoint }) { endpoint: id }: z.output<typeof byEndpoint>,
    @By() caller: Caller,
  ): Promise<schedulingV1.Endpoint> {
    const { organizationId } = caller;
    const { endpoint } = await this.#scheduler.getEndpoint({ organizationId, endpoint: id }, caller.reads());
    return endpoint!;
  }

  @Get('decisions/:decision_id')
  @Operation(SCHEDULER.getDecision, 'getDecision', 'Why a replica was placed where it is, or could not be', {
    answers: decision,
  })
  async decision(
    @Param({ schema: byDecision }) { decision_id: decisionId }: z.output<typeof byDecision>,
    @By() caller: Caller,
  ): Promise<schedulingV1.Decision> {
    const { organizationId } = caller;
    const { decision } = await this.#scheduler.getDecision({ organizationId, decisionId }, caller.reads());
    return decision!;
  }
}
