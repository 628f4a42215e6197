import type { Page } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { EntityManager } from 'typeorm';
import type { Deployment } from '../domain/deployment.ts';
import type { Replica } from '../domain/replica.ts';
import type { ReplicasRepository } from '../replicas/replicas.repository.ts';
import type { ShownDeployment } from './deployment-proto.ts';
import type { DeploymentsRepository } from './deployments.repository.ts';
import type { RevisionsRepository } from './revisions.repository.ts';

/** Which deployment of an organization is meant, and which projects the caller reaches. */
export interface DeploymentRef {
  readonly organizationId: Id<'org'>;
  readonly projectIds: readonly Id<'prj'>[] | undefined;
  readonly projectId?: Id<'prj'> | undefined;
  readonly idOrName: string;
}

/** Answers questions about deployments and changes nothing. */
export class DeploymentsView {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly deployments: DeploymentsRepository,
    private readonly revisions: RevisionsRepository,
    private readonly replicas: ReplicasRepository,
  ) {}

  async get(ref: DeploymentRef): Promise<ShownDeployment> {
    return this.#read(async (tx) => (await this.show(tx, [await this.deployments.get(tx, ref)]))[0]!);
  }

  async list(
    where: { organizationId: Id<'org'>; projectIds: readonly Id<'prj'>[] | undefined },
    page: Page,
  ): Promise<readonly ShownDeployment[]> {
    return this.#read(async (tx) => this.show(tx, await this.deployments.list(tx, where, page)));
  }

  async replicasOf(ref: DeploymentRef, page: Page): Promise<readonly Replica[]> {
    return this.#read(async (tx) => {
      const { id } = await this.deployments.get(tx, ref);
      return this.replicas.list(tx, id, page);
    });
  }

  async liveReplicasOf(ref: DeploymentRef): Promise<readonly Replica[]> {
    return this.#read(async (tx) => {
      const { id } = await this.deployments.get(tx, ref);
      return this.replicas.live(tx, [id]);
    });
  }

  async show(tx: EntityManager, deployments: readonly Deployment[]): Promise<readonly ShownDeployment[]> {
    const ids = deployments.map(({ id }) => id);
    const ready = await this.replicas.countByDeployment(tx, ids, 'ready');
    const revisions = await this.revisions.findAll(
      tx,
      deployments.map(({ revisionId }) => revisionId),
    );
    return deployments.map((deployment) => ({
      deployment,
      revision: revisions.get(deployment.revisionId)!,
      readyReplicas: ready.get(deployment.id) ?? 0,
    }));
  }

  #read<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.run(work, { isolation: 'REPEATABLE READ' });
  }
}
