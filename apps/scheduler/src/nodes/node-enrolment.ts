import type { identityV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import { DomainError, type Id, parseId } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import { EMPTY_INVENTORY, type Node } from '../domain/node.ts';
import type { NodesRepository } from './nodes.repository.ts';

type EnrolmentClient = GrpcClient<typeof identityV1.NodeEnrolmentServiceService>;

/** Knows nodes by what identity says of them. Asked once for each: a known node connects while identity is down. */
export class NodeEnrolment {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly nodes: NodesRepository,
    private readonly identity: Pick<EnrolmentClient, 'getNodeEnrolment'>,
  ) {}

  async ensureKnown(nodeId: Id<'nod'>): Promise<void> {
    if (await this.transactions.run((tx) => this.nodes.find(tx, nodeId))) return;
    const { organizationId, site, nodeName } = await this.identity.getNodeEnrolment({ nodeId }, { idempotent: true });
    if (!site) {
      throw new DomainError('FAILED_PRECONDITION', 'NODE_WITHOUT_SITE', `node ${nodeId} has no site; enrol it again`);
    }
    const node: Node = {
      id: nodeId,
      organizationId: parseId('org', organizationId, 'organization_id'),
      name: nodeName,
      site,
      operatorState: 'ready',
      isDead: false,
      generation: 1n,
      inventory: EMPTY_INVENTORY,
      loads: {},
      address: null,
      agentVersion: '',
      reportNumber: 0n,
      reportedAt: null,
    };
    await this.transactions.run((tx) => this.nodes.insertIfNew(tx, node));
  }
}
