import { Controller } from '@nestjs/common';
import { schedulingV1 } from '@ostro/contracts';
import { currentCaller, parsePage, requireOrganization, takePage } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { TransactionRunner } from '@ostro/persistence';
import { DecisionsRepository, type StoredDecision } from '../decisions/decisions.repository.ts';
import { type ScalingDecision, ScalingRepository } from '../scaling/scaling.repository.ts';
import { nodeToProto, operatorStateFromProto } from './node-proto.ts';
import { NodesService, type ShownNode } from './nodes.service.ts';

@Controller()
@schedulingV1.NodeServiceControllerMethods()
export class NodesGrpc implements schedulingV1.NodeServiceController {
  constructor(
    private readonly service: NodesService,
    private readonly transactions: TransactionRunner,
    private readonly decisions: DecisionsRepository,
    private readonly scaling: ScalingRepository,
  ) {}

  async listNodes(request: schedulingV1.ListNodesRequest): Promise<schedulingV1.ListNodesResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const page = parsePage(request, { organizationId });
    const rows = await this.service.list(organizationId, page);
    const { items, nextPageToken } = takePage(rows, page, ({ node: { name, id } }) => [name, id]);
    return { nodes: items.map(toProto), nextPageToken };
  }

  async getNode(request: schedulingV1.GetNodeRequest): Promise<schedulingV1.GetNodeResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    return { node: toProto(await this.service.get(organizationId, request.node)) };
  }

  async setNodeState(request: schedulingV1.SetNodeStateRequest): Promise<schedulingV1.SetNodeStateResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const state = operatorStateFromProto(request.state);
    if (state === undefined) {
      throw new DomainError('INVALID_ARGUMENT', 'INVALID_NODE_STATE', 'state must be READY, CORDONED or DRAINING', {
        details: { field: 'state' },
      });
    }
    return { node: toProto(await this.service.setState(organizationId, request.nodeId, state)) };
  }

  async getDecision(request: schedulingV1.GetDecisionRequest): Promise<schedulingV1.GetDecisionResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const id = parseId('dec', request.decisionId, 'decision_id');
    return this.transactions.run(async (tx) => {
      const scaling = await this.scaling.findDecision(tx, organizationId, id);
      if (scaling) return { decision: scalingToProto(scaling) };
      return { decision: placingToProto(await this.decisions.get(tx, organizationId, id)) };
    });
  }
}

function toProto({ node, allocations }: ShownNode): schedulingV1.Node {
  return nodeToProto(node, allocations);
}

function placingToProto(decision: StoredDecision): schedulingV1.Decision {
  return {
    ...schedulingV1.Decision.create(),
    decisionId: decision.id,
    replicaId: decision.replicaId,
    nodeId: decision.nodeId ?? '',
    explanation: decision.explanation,
    rejections: [...decision.rejections],
    candidatesJson: JSON.stringify(decision.candidates),
    engineVersion: decision.engineVersion,
    profileDigest: decision.profileDigest,
    seed: decision.seed,
    // By name only: the mix is of all organizations.
    inputsJson: decision.demandDigest === null ? '' : JSON.stringify({ demandDigest: decision.demandDigest }),
    createTime: decision.createdAt,
  };
}

function scalingToProto({ id, inputs, createdAt, ...decision }: ScalingDecision): schedulingV1.Decision {
  return schedulingV1.Decision.fromPartial({
    ...decision,
    decisionId: id,
    inputsJson: JSON.stringify(inputs),
    createTime: createdAt,
  });
}
