import type { registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError, type Id } from '@ostro/kernel';
import { type IdempotentRequest, onceByRequestId, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import { rescaled } from '../domain/autoscaling.ts';
import type { Deployment } from '../domain/deployment.ts';
import { checkName } from '../domain/names.ts';
import { resolveSpec } from '../domain/spec.ts';
import type { EndpointsRepository } from '../endpoints/endpoints.repository.ts';
import type { RoutesService } from '../routes/routes.service.ts';
import type { ShownDeployment } from './deployment-proto.ts';
import type { ScalingRepository } from '../scaling/scaling.repository.ts';
import type { DeploymentsRepository } from './deployments.repository.ts';
import type { DeploymentRef, DeploymentsView } from './deployments.view.ts';
import type { ModelResolver, Requester } from './model-resolver.ts';
import type { Revision, RevisionsRepository } from './revisions.repository.ts';
import { checkMask, merged, modelFromProto, SCALE, type Scale, scaleFromProto, specFromProto } from './spec-proto.ts';

export interface NewDeployment {
  readonly organizationId: Id<'org'>;
  readonly projectId: Id<'prj'>;
  readonly name: string;
  readonly spec: schedulingV1.DeploymentSpec;
}

export interface DeploymentUpdate {
  readonly spec: schedulingV1.DeploymentSpec;
  readonly paths: readonly string[] | undefined;
  /** 0n: any. */
  readonly expectedGeneration: bigint;
}

export interface DeploymentStores {
  readonly deployments: DeploymentsRepository;
  readonly revisions: RevisionsRepository;
  readonly endpoints: EndpointsRepository;
  readonly scaling: ScalingRepository;
}

const NO_SCALE: Scale = { replicas: 0, autoscaling: null };

/** Writes down what is wanted. Making it so is the reconciler's. */
export class DeploymentsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly stores: DeploymentStores,
    private readonly models: ModelResolver,
    private readonly routes: RoutesService,
    private readonly view: DeploymentsView,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async create(once: IdempotentRequest, asked: NewDeployment, requester: Requester): Promise<ShownDeployment> {
    checkName(asked.name);
    const scale = rescaled(NO_SCALE, scaleFromProto(asked.spec, SCALE));
    const model = await this.models.resolve(asked.spec.model, requester);
    const spec = resolveSpec(specFromProto(asked.spec), modelFromProto(model));
    return this.transactions.run(async (tx) => {
      const { resourceId } = await onceByRequestId(tx, once, async () => {
        const deployment = this.#new(asked, scale);
        const { id, revisionId, createdAt } = deployment;
        const { deployments, revisions, endpoints } = this.stores;
        await deployments.insert(tx, deployment, createdAt);
        const revision = { id: revisionId, deploymentId: id, number: 1, asked: asked.spec, spec, model, createdAt };
        await revisions.insert(tx, revision);
        await endpoints.insert(tx, {
          ...asked,
          id: deployment.endpointId,
          targets: [{ deploymentId: id, weight: 1 }],
          createdAt,
        });
        await this.routes.publish(tx, deployment.endpointId);
        return id;
      });
      return this.#show(tx, resourceId as Id<'dep'>);
    });
  }

  async update(ref: DeploymentRef, update: DeploymentUpdate, requester: Requester): Promise<ShownDeployment> {
    const paths = checkMask(update.paths);
    // Asked before the lock is taken; a digest that was pinned stays unless the caller names the model again.
    const { deployment } = await this.view.get(ref);
    const model = paths.includes('model') ? await this.models.resolve(update.spec.model, requester) : undefined;
    return this.transactions.run(async (tx) => {
      const { deployments } = this.stores;
      const before = await this.#lockStanding(tx, deployment.id, update.expectedGeneration);
      const scale = rescaled(before, scaleFromProto(update.spec, paths));
      const specPaths = paths.filter((path) => !SCALE.includes(path));
      const revisionId =
        specPaths.length === 0
          ? before.revisionId
          : await this.#revise(tx, before, { spec: update.spec, paths: specPaths, model });
      if (paths.includes('autoscaling')) await this.stores.scaling.forgetState(tx, before.id);
      await deployments.save(tx, { ...before, ...scale, revisionId, generation: before.generation + 1n });
      await deployments.wake(tx, [before.id], this.context.clock.now());
      await this.routes.publish(tx, before.endpointId);
      return this.#show(tx, before.id);
    });
  }

  /** Idempotent: deleting what is being deleted changes nothing. */
  async delete(ref: DeploymentRef): Promise<ShownDeployment> {
    const { deployment } = await this.view.get(ref);
    return this.transactions.run(async (tx) => {
      const { deployments } = this.stores;
      const before = (await deployments.lock(tx, deployment.id)) ?? deployment;
      if (!before.isDeleting) {
        const generation = before.generation + 1n;
        await deployments.save(tx, { ...before, isDeleting: true, phase: 'deleting', generation });
        await deployments.wake(tx, [before.id], this.context.clock.now());
        await this.routes.publish(tx, before.endpointId);
      }
      return this.#show(tx, before.id);
    });
  }

  #new({ organizationId, projectId, name }: NewDeployment, scale: Scale): Deployment {
    return {
      id: this.context.ids('dep'),
      organizationId,
      projectId,
      name,
      endpointId: this.context.ids('ept'),
      revisionId: this.context.ids('rev'),
      ...scale,
      scalingDecisionId: null,
      generation: 1n,
      observedGeneration: 0n,
      isDeleting: false,
      phase: 'progressing',
      conditions: [],
      createdAt: this.context.clock.now(),
    };
  }

  async #lockStanding(tx: EntityManager, id: Id<'dep'>, expectedGeneration: bigint): Promise<Deployment> {
    const deployment = await this.stores.deployments.lock(tx, id);
    if (!deployment || deployment.isDeleting) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'DEPLOYMENT_DELETING',
        `${id} is being deleted; create another deployment`,
      );
    }
    if (expectedGeneration !== 0n && expectedGeneration !== deployment.generation) {
      throw new DomainError(
        'ABORTED',
        'GENERATION_CHANGED',
        `the deployment is at generation ${deployment.generation}, not ${expectedGeneration}; read it again and decide anew`,
        { details: { generation: deployment.generation.toString() } },
      );
    }
    return deployment;
  }

  async #revise(
    tx: EntityManager,
    { id, revisionId }: Deployment,
    change: {
      spec: schedulingV1.DeploymentSpec;
      paths: readonly string[];
      model: registryV1.ModelRevision | undefined;
    },
  ): Promise<Id<'rev'>> {
    const { revisions } = this.stores;
    const current = await revisions.get(tx, revisionId);
    const asked = merged(current.asked, change.spec, change.paths);
    const model = change.model ?? current.model;
    const next: Revision = {
      id: this.context.ids('rev'),
      deploymentId: id,
      number: current.number + 1,
      asked,
      spec: resolveSpec(specFromProto(asked), modelFromProto(model)),
      model,
      createdAt: this.context.clock.now(),
    };
    await revisions.insert(tx, next);
    return next.id;
  }

  async #show(tx: EntityManager, id: Id<'dep'>): Promise<ShownDeployment> {
    const deployment = await this.stores.deployments.find(tx, id);
    if (!deployment) {
      throw new DomainError('NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', `deployment ${id} has been deleted`);
    }
    return (await this.view.show(tx, [deployment]))[0]!;
  }
}
