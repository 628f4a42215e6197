import { nodeV1 } from '@ostro/contracts';
import { type Generation, type Id, isNewer } from '@ostro/kernel';
import { currentEpoch, type TransactionRunner } from '@ostro/persistence';
import type { EntityManager } from 'typeorm';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import type { Revision, RevisionsRepository } from '../deployments/revisions.repository.ts';
import type { Replica } from '../domain/replica.ts';
import type { ReplicasRepository } from '../replicas/replicas.repository.ts';
import { runtimeToProto } from './node-proto.ts';
import type { NodesRepository } from './nodes.repository.ts';

/** What every desired state says beside its replicas. */
export interface DesiredStateSettings {
  readonly blobBaseUrl: string;
  readonly gatewayGroups: readonly string[];
}

export interface DesiredStateStores {
  readonly nodes: NodesRepository;
  readonly replicas: ReplicasRepository;
  readonly revisions: RevisionsRepository;
  readonly deployments: DeploymentsRepository;
}

/** What a node should run, whole. Any scheduler process gives the same answer for the same generation. */
export class DesiredStatesView {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly stores: DesiredStateStores,
    private readonly settings: DesiredStateSettings,
  ) {}

  /**
   * Undefined unless it is newer than what the agent holds. On one snapshot of the database, so that a generation is
   * never sent with the replicas of another.
   */
  async newerThan(held: Generation, nodeId: Id<'nod'>): Promise<nodeV1.DesiredState | undefined> {
    return this.transactions.run((tx) => this.#read(tx, held, nodeId), { isolation: 'REPEATABLE READ' });
  }

  async #read(tx: EntityManager, held: Generation, nodeId: Id<'nod'>): Promise<nodeV1.DesiredState | undefined> {
    const { nodes, replicas, revisions, deployments } = this.stores;
    const node = await nodes.find(tx, nodeId);
    if (!node) return undefined;
    const current = { epoch: await currentEpoch(tx), generation: node.generation };
    if (!isNewer(current, held)) return undefined;
    const live = await replicas.liveOnNode(tx, nodeId);
    const revisionOf = await revisions.findAll(
      tx,
      live.map(({ revisionId }) => revisionId),
    );
    const found = await deployments.findAll(
      tx,
      live.map(({ deploymentId }) => deploymentId),
    );
    const nameOf = new Map(found.map(({ id, name }) => [id, name]));
    return {
      nodeId,
      ...current,
      replicas: live.map((replica) =>
        this.#toProto(replica, revisionOf.get(replica.revisionId)!, nameOf.get(replica.deploymentId) ?? ''),
      ),
      blobBaseUrl: this.settings.blobBaseUrl,
    };
  }

  #toProto(replica: Replica, { spec, model }: Revision, servedName: string): nodeV1.DesiredReplica {
    const { phase, drainDeadline } = replica;
    return {
      replicaId: replica.id,
      deploymentId: replica.deploymentId,
      organizationId: replica.organizationId,
      fencingToken: replica.fencingToken,
      goal: phase === 'draining' ? nodeV1.ReplicaGoal.REPLICA_GOAL_DRAIN : nodeV1.ReplicaGoal.REPLICA_GOAL_RUN,
      drainDeadline: drainDeadline ?? undefined,
      runtime: runtimeToProto(spec.runtime),
      modelDigest: model.digest,
      manifest: model.manifest,
      acceleratorIds: [...replica.acceleratorIds],
      acceleratorMemoryBytesEach: BigInt(spec.accelerators.memoryBytesEach),
      cpuMilli: spec.cpuMilli,
      concurrency: spec.concurrency,
      contextTokens: spec.contextTokens,
      embedding: spec.embedding,
      servedName,
      gatewayGroups: [...this.settings.gatewayGroups],
    };
  }
}
