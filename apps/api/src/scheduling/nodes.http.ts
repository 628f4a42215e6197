import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { identityV1, schedulingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, IDENTITY, SCHEDULER } from '../clients/control-plane.ts';
import { Operation } from '../http/operation.ts';
import { joinToken } from '../identity/identity.views.ts';
import { body, label, type PageQuery, pageQuery, path, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { node, nodePage, nodeStates } from './scheduling.views.ts';

const nodePatch = body('NodePatch', { state: z.enum(['ready', 'cordoned', 'draining']) });
const newJoinToken = body('NewJoinToken', {
  site: z.strictObject({
    site_id: label,
    country: z.string().max(2).default('').describe('ISO 3166-1 alpha-2; empty: unknown.'),
    operator: z.string().max(200).default(''),
    certifications: z.array(label).max(50).default([]),
  }),
  ttl_seconds: z.int().min(0).max(3_600).default(0).describe('0 means 900.'),
});
const byNode = path('node');
type ByNode = z.output<typeof byNode>;

/** The machines an organization provides. */
@Controller('v1/nodes')
export class NodesHttp {
  readonly #control: ControlPlane;

  constructor(control: ControlPlane) {
    this.#control = control;
  }

  @Get()
  @Operation(SCHEDULER.listNodes, 'listNodes', 'Nodes, by name', { answers: nodePage })
  async list(@Query({ schema: pageQuery }) query: PageQuery, @By() caller: Caller): Promise<Listed<schedulingV1.Node>> {
    const request = { organizationId: caller.organizationId, ...toPage(query) };
    const { nodes, nextPageToken } = await this.#control.scheduler.listNodes(request, caller.reads());
    return { items: nodes, nextPageToken };
  }

  @Get(':node')
  @Operation(SCHEDULER.getNode, 'getNode', 'One node by id or name', { answers: node })
  async get(@Param({ schema: byNode }) { node }: ByNode, @By() caller: Caller): Promise<schedulingV1.Node> {
    return this.#find(node, caller);
  }

  @Patch(':node')
  @Operation(SCHEDULER.setNodeState, 'setNodeState', 'Cordons, drains or readies a node', { answers: node })
  async setState(
    @Param({ schema: byNode }) { node: id }: ByNode,
    @Body({ schema: nodePatch }) { state }: z.output<typeof nodePatch>,
    @By() caller: Caller,
  ): Promise<schedulingV1.Node> {
    const { organizationId } = caller;
    const { nodeId } = await this.#find(id, caller);
    const request = { organizationId, nodeId, state: nodeStates.numberOf(state) };
    const { node } = await this.#control.scheduler.setNodeState(request, caller.writes());
    return node!;
  }

  @Post('join-tokens')
  @Operation(IDENTITY.createJoinToken, 'createJoinToken', 'A token with which one node may join, shown once', {
    answers: joinToken,
    status: 201,
  })
  async createJoinToken(
    @Body({ schema: newJoinToken }) { site, ttl_seconds }: z.output<typeof newJoinToken>,
    @By() caller: Caller,
  ): Promise<identityV1.CreateJoinTokenResponse> {
    const { site_id: siteId, ...rest } = site;
    return this.#control.identity.createJoinToken(
      { organizationId: caller.organizationId, site: { siteId, ...rest }, ttlSeconds: BigInt(ttl_seconds) },
      caller.writes(),
    );
  }

  async #find(node: string, caller: Caller) {
    const { organizationId } = caller;
    return (await this.#control.scheduler.getNode({ organizationId, node }, caller.reads())).node!;
  }
}
