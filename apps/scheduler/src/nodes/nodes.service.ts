import type { Page } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import type { Allocation, Node, OperatorState } from '../domain/node.ts';
import type { NodesRepository } from './nodes.repository.ts';

/** A node with what is promised of it. */
export interface ShownNode {
  readonly node: Node;
  readonly allocations: readonly Allocation[];
}

/** Shows an organization its nodes and takes its word on which of them take work. */
export class NodesService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly nodes: NodesRepository,
    private readonly deployments: DeploymentsRepository,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  async get(organizationId: Id<'org'>, idOrName: string): Promise<ShownNode> {
    return this.transactions.run(async (tx) => this.#show(tx, await this.nodes.get(tx, organizationId, idOrName)));
  }

  async list(organizationId: Id<'org'>, page: Page): Promise<readonly ShownNode[]> {
    return this.transactions.run(async (tx) => {
      const nodes = await this.nodes.list(tx, organizationId, page);
      const allocations = Map.groupBy(await this.nodes.allocations(tx), ({ nodeId }) => nodeId);
      return nodes.map((node) => ({ node, allocations: allocations.get(node.id) ?? [] }));
    });
  }

  /** Draining moves replicas away one ahead; cordoning only keeps new ones off. */
  async setState(organizationId: Id<'org'>, idOrName: string, operatorState: OperatorState): Promise<ShownNode> {
    const shown = await this.transactions.run(async (tx) => {
      const { id } = await this.nodes.get(tx, organizationId, idOrName);
      const node: Node = { ...(await this.nodes.lock(tx, id))!, operatorState };
      await this.nodes.save(tx, node);
      return this.#show(tx, node);
    });
    const now = this.context.clock.now();
    await this.transactions.run((tx) => this.deployments.wakeOnNode(tx, shown.node.id, now));
    await this.transactions.run((tx) => this.deployments.wakePending(tx, now));
    return shown;
  }

  async #show(tx: EntityManager, node: Node): Promise<ShownNode> {
    return { node, allocations: await this.nodes.allocations(tx, node.id) };
  }
}
