import { explain } from '@ostro/autoscaling';
import type { Id } from '@ostro/kernel';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Deployment } from '../domain/deployment.ts';
import { decideScale, type Observed, type Scale } from '../domain/scaling.ts';
import type { DemandLeasesRepository } from './demand-leases.repository.ts';
import type { ScalingRepository } from './scaling.repository.ts';

/** Lets demand decide how many replicas a deployment has, where its owner asked for that. */
export class Scaler {
  constructor(
    private readonly scaling: ScalingRepository,
    private readonly leases: DemandLeasesRepository,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** Undefined where nothing is to be decided: the number is set by hand, or the deployment is going. */
  async decide(
    tx: EntityManager,
    { id, autoscaling, isDeleting, replicas: wanted }: Deployment,
    observed: Pick<Observed, 'replicas' | 'nodes' | 'concurrency'>,
  ): Promise<Scale | undefined> {
    if (autoscaling === null || isDeleting) return undefined;
    const now = this.context.clock.now();
    const state = await this.scaling.findState(tx, id);
    const demand = await this.leases.demand(tx, id, now);
    return decideScale(autoscaling, { ...observed, wanted, state, demand }, now);
  }

  /** Writes what is to be remembered, and the decision if it changes anything. */
  async write(tx: EntityManager, deployment: Deployment, { decision, inputs, state }: Scale): Promise<Deployment> {
    await this.scaling.saveState(tx, deployment.id, state);
    const { replicas } = decision;
    if (replicas === deployment.replicas) return deployment;
    const id: Id<'dec'> = this.context.ids('dec');
    await this.scaling.insertDecision(tx, {
      id,
      organizationId: deployment.organizationId,
      deploymentId: deployment.id,
      explanation: `From ${deployment.replicas} to ${replicas} replicas.\n${explain(decision)}`,
      inputs,
      engineVersion: decision.explanation.engineVersion,
      createdAt: this.context.clock.now(),
    });
    return { ...deployment, replicas, scalingDecisionId: id };
  }
}
