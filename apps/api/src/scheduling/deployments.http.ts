import { Body, Controller, Delete, Get, Param, Patch, Post, Query, type StreamableFile } from '@nestjs/common';
import type { schedulingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, SCHEDULER } from '../clients/control-plane.ts';
import { eventsOf, EventStream } from '../http/event-stream.ts';
import { IfMatch, ifMatchHeader } from '../http/if-match.ts';
import { Operation } from '../http/operation.ts';
import { body, label, page, type PageQuery, pageQuery, path, query, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { patched, specInput, specPatch, toProto } from './deployment-spec.ts';
import { deployment, deploymentPage, logLine, replicaPage } from './scheduling.views.ts';

const newDeployment = body('NewDeployment', {
  project_id: z.string().optional().describe("Absent: the key's project."),
  name: label,
  spec: specInput,
});
const deploymentPatch = body('DeploymentPatch', {
  spec: specPatch.describe('Only what is named changes; null gives the default back.'),
});
const listQuery = query({ project_id: z.string().default(''), ...page });
const logsQuery = query({ replica_id: z.string().default('').describe('Only this replica; absent: all that run.') });
const byDeployment = path('deployment');
type ByDeployment = z.output<typeof byDeployment>;

/** Desired state: what runs, how often, and how it is going. */
@Controller('v1/deployments')
export class DeploymentsHttp {
  readonly #scheduler: ControlPlane['scheduler'];

  constructor(control: ControlPlane) {
    this.#scheduler = control.scheduler;
  }

  @Get()
  @Operation(SCHEDULER.listDeployments, 'listDeployments', 'Deployments, by name', { answers: deploymentPage })
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @By() caller: Caller,
  ): Promise<Listed<schedulingV1.Deployment>> {
    const request = { organizationId: caller.organizationId, projectId: query.project_id, ...toPage(query) };
    const { deployments, nextPageToken } = await this.#scheduler.listDeployments(request, caller.reads());
    return { items: deployments, nextPageToken };
  }

  @Post()
  @Operation(SCHEDULER.createDeployment, 'createDeployment', 'Creates a deployment and an endpoint of its name', {
    answers: deployment,
    status: 201,
  })
  async create(
    @Body({ schema: newDeployment }) { project_id, name, spec }: z.output<typeof newDeployment>,
    @By() caller: Caller,
  ): Promise<schedulingV1.Deployment> {
    const { organizationId, requestId, grant } = caller;
    const projectId = project_id ?? grant.projectId;
    const { deployment } = await this.#scheduler.createDeployment(
      { requestId, organizationId, projectId, name, spec: toProto(spec) },
      caller.writes(),
    );
    return deployment!;
  }

  @Get(':deployment')
  @Operation(SCHEDULER.getDeployment, 'getDeployment', "One deployment by id, or by name in the key's project", {
    answers: deployment,
  })
  async get(
    @Param({ schema: byDeployment }) { deployment }: ByDeployment,
    @By() caller: Caller,
  ): Promise<schedulingV1.Deployment> {
    return this.#find(deployment, caller);
  }

  @Patch(':deployment')
  @Operation(SCHEDULER.updateDeployment, 'updateDeployment', 'Changes the spec by JSON merge patch', {
    answers: deployment,
    headers: [ifMatchHeader],
  })
  async update(
    @Param({ schema: byDeployment }) { deployment: id }: ByDeployment,
    @Body({ schema: deploymentPatch }) { spec: patch }: z.output<typeof deploymentPatch>,
    @IfMatch() generation: bigint | undefined,
    @By() caller: Caller,
  ): Promise<schedulingV1.Deployment> {
    const current = await this.#find(id, caller);
    const { deployment } = await this.#scheduler.updateDeployment(
      {
        organizationId: caller.organizationId,
        deploymentId: current.deploymentId,
        spec: patched(specOf(current), patch),
        updateMask: Object.keys(patch),
        // The patch was laid over what was read, so that is what must still be there.
        expectedGeneration: generation ?? current.generation,
      },
      caller.writes(),
    );
    return deployment!;
  }

  @Delete(':deployment')
  @Operation(SCHEDULER.deleteDeployment, 'deleteDeployment', 'Drains its replicas, then removes it and its endpoint', {
    answers: deployment,
    status: 202,
  })
  async remove(
    @Param({ schema: byDeployment }) { deployment: id }: ByDeployment,
    @By() caller: Caller,
  ): Promise<schedulingV1.Deployment> {
    const { organizationId } = caller;
    const { deploymentId } = await this.#find(id, caller);
    const { deployment } = await this.#scheduler.deleteDeployment({ organizationId, deploymentId }, caller.writes());
    return deployment!;
  }

  @Get(':deployment/replicas')
  @Operation(SCHEDULER.listReplicas, 'listReplicas', 'Replicas of a deployment, newest first', { answers: replicaPage })
  async replicas(
    @Param({ schema: byDeployment }) { deployment: id }: ByDeployment,
    @Query({ schema: pageQuery }) query: PageQuery,
    @By() caller: Caller,
  ): Promise<Listed<schedulingV1.Replica>> {
    const { organizationId } = caller;
    const { deploymentId } = await this.#find(id, caller);
    const { replicas, nextPageToken } = await this.#scheduler.listReplicas(
      { organizationId, deploymentId, ...toPage(query) },
      caller.reads(),
    );
    return { items: replicas, nextPageToken };
  }

  @EventStream(SCHEDULER.followLogs, 'followLogs', 'Log lines as they are written; never a prompt or an answer', {
    route: ':deployment/logs',
    answers: logLine,
  })
  async logs(
    @Param({ schema: byDeployment }) { deployment: id }: ByDeployment,
    @Query({ schema: logsQuery }) { replica_id: replicaId }: z.output<typeof logsQuery>,
    @By() caller: Caller,
  ): Promise<StreamableFile> {
    const { organizationId } = caller;
    const { deploymentId } = await this.#find(id, caller);
    const lines = this.#scheduler.followLogs({ organizationId, deploymentId, replicaId }, caller.follows());
    return eventsOf(lines, 'line', logLine);
  }

  async #find(deployment: string, caller: Caller): Promise<schedulingV1.Deployment> {
    const { organizationId, grant } = caller;
    const projectId = deployment.startsWith('dep_') ? '' : grant.projectId;
    const found = await this.#scheduler.getDeployment({ organizationId, projectId, deployment }, caller.reads());
    return found.deployment!;
  }
}

/** How many replicas there are changes without a new revision, so the deployment knows it and its revision may not. */
function specOf({ revision, replicas, autoscaling }: schedulingV1.Deployment): schedulingV1.DeploymentSpec {
  return { ...revision!.spec!, replicas, autoscaling };
}
