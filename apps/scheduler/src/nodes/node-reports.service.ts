import { isDeepStrictEqual } from 'node:util';
import type { nodeV1 } from '@ostro/contracts';
import type { Generation, Id } from '@ostro/kernel';
import { currentEpoch, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import { checkReported, type Node } from '../domain/node.ts';
import { isTerminal, missed, type Observation, observed, type Replica } from '../domain/replica.ts';
import type { ReplicaChange, ReplicaChanges } from '../replicas/replica-changes.ts';
import { phaseFromProto } from '../replicas/replica-proto.ts';
import type { ReplicasRepository } from '../replicas/replicas.repository.ts';
import { addressFromProto, inventoryFromProto, loadsFromProto } from './node-proto.ts';
import type { NodesRepository } from './nodes.repository.ts';

export interface ReportStores {
  readonly nodes: NodesRepository;
  readonly replicas: ReplicasRepository;
  readonly deployments: DeploymentsRepository;
}

/** An agent's whole report, as the books take it in. */
interface Report {
  readonly nodeId: Id<'nod'>;
  readonly held: Generation;
  readonly seen: ReadonlyMap<string, Observation>;
}

/**
 * Takes agents at their word about what runs, and about nothing else. Level-triggered: the same report again changes
 * nothing, and a lost one costs a heartbeat.
 */
export class NodeReportsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly stores: ReportStores,
    private readonly changes: ReplicaChanges,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  /** @throws DomainError INVALID_ARGUMENT (INVALID_NODE_SNAPSHOT) for an inventory that makes no sense */
  async accept(nodeId: Id<'nod'>, message: nodeV1.NodeReport): Promise<void> {
    const report = fromProto(nodeId, message);
    // One transaction is all that a report costs which tells nothing new.
    const noticed = await this.transactions.run(async (tx) => ({
      ...(await this.#notice(tx, nodeId, message)),
      released: await this.#release(tx, report),
      behind: await this.#behind(tx, report),
    }));
    for (const deploymentId of noticed.behind) {
      await this.transactions.run((tx) => this.#follow(tx, deploymentId, report));
    }
    const released = noticed.behind.length === 0 ? 0 : await this.transactions.run((tx) => this.#release(tx, report));
    await this.#wake(nodeId, { ...noticed, hasRoom: noticed.hasRoom || noticed.released + released > 0 });
  }

  async #release(tx: EntityManager, { nodeId, seen }: Report): Promise<number> {
    return this.stores.nodes.releaseGone(tx, nodeId, stillThere(seen));
  }

  /** The node's own row: it lives, what it has, where it is reached. */
  async #notice(tx: EntityManager, nodeId: Id<'nod'>, message: nodeV1.NodeReport): Promise<Noticed> {
    const { nodes } = this.stores;
    const before = await nodes.lock(tx, nodeId);
    if (!before) return { hasRoom: false, hasMoved: false };
    const after: Node = {
      ...before,
      name: message.nodeName || before.name,
      isDead: false,
      inventory: message.inventory ? inventoryFromProto(message.inventory) : before.inventory,
      loads: loadsFromProto(message.replicas),
      address: addressFromProto(message.address),
      agentVersion: message.agentVersion,
      reportNumber: before.reportNumber + 1n,
      reportedAt: this.context.clock.now(),
    };
    checkReported(after);
    await nodes.save(tx, after);
    return {
      hasRoom: before.isDead || !isDeepStrictEqual(before.inventory, after.inventory),
      hasMoved: before.isDead || !isDeepStrictEqual(before.address, after.address),
    };
  }

  /** Deployments with a replica here of which the report tells something new. */
  async #behind(tx: EntityManager, report: Report): Promise<readonly Id<'dep'>[]> {
    const live = await this.stores.replicas.liveOnNode(tx, report.nodeId);
    const changes = this.#observe(live, report, await currentEpoch(tx));
    return [...new Set(changes.map(({ after }) => after.deploymentId))].sort();
  }

  async #follow(tx: EntityManager, deploymentId: Id<'dep'>, report: Report): Promise<void> {
    const { deployments, replicas, nodes } = this.stores;
    const deployment = await deployments.lock(tx, deploymentId);
    if (!deployment) return;
    const live = await replicas.liveOnNode(tx, report.nodeId);
    const ours = live.filter((replica) => replica.deploymentId === deploymentId);
    const changes = this.#observe(ours, report, await currentEpoch(tx));
    // What has ended is no longer part of what the node should run.
    if (changes.some(({ after }) => isTerminal(after))) await nodes.raiseGeneration(tx, report.nodeId);
    await this.changes.save(tx, deployment, changes);
    await deployments.wake(tx, [deploymentId], this.context.clock.now());
  }

  #observe(replicas: readonly Replica[], { held, seen }: Report, epoch: bigint): readonly ReplicaChange[] {
    const now = this.context.clock.now();
    return replicas
      .map((before) => {
        const observation = seen.get(before.id);
        const after = observation ? observed(before, observation, now) : missed(before, held, epoch, now);
        return { before, after };
      })
      .filter(({ before, after }) => before !== after);
  }

  async #wake(nodeId: Id<'nod'>, { hasRoom, hasMoved }: Noticed): Promise<void> {
    const now = this.context.clock.now();
    const { deployments } = this.stores;
    if (hasRoom) await this.transactions.run((tx) => deployments.wakePending(tx, now));
    if (hasMoved) await this.transactions.run((tx) => deployments.wakeOnNode(tx, nodeId, now));
  }
}

interface Noticed {
  /** Something that waits may fit now. */
  readonly hasRoom: boolean;
  /** Routes to it are out of date. */
  readonly hasMoved: boolean;
}

function fromProto(nodeId: Id<'nod'>, message: nodeV1.NodeReport): Report {
  return {
    nodeId,
    held: { epoch: message.heldEpoch, generation: message.heldGeneration },
    seen: new Map(
      message.replicas.map((replica) => [replica.replicaId, { ...replica, phase: phaseFromProto(replica.phase) }]),
    ),
  };
}

function stillThere(seen: ReadonlyMap<string, Observation>): readonly string[] {
  return [...seen].filter(([, observation]) => !isTerminal(observation)).map(([id]) => id);
}
