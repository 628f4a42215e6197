import { setTimeout as delay } from 'node:timers/promises';
import type { schedulingV1 } from '@ostro/contracts';
import { DomainError, type Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import {
  checkLease,
  type DemandLease,
  leaseEnd,
  type Progress,
  progressOf,
  usualStartMs,
} from '../domain/activation.ts';
import type { ReplicasRepository } from '../replicas/replicas.repository.ts';
import type { RoutesService } from '../routes/routes.service.ts';
import type { DemandLeasesRepository } from './demand-leases.repository.ts';

export interface ActivationStores {
  readonly deployments: DeploymentsRepository;
  readonly replicas: ReplicasRepository;
  readonly leases: DemandLeasesRepository;
}

export interface Activation extends Progress {
  /** Once a replica serves. */
  readonly route: schedulingV1.RouteRecord | undefined;
}

const LOOK_EVERY_MS = 250;

/** Takes down what gateways hold, wakes who decides on it, and tells how it goes. */
export class ActivationsService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly stores: ActivationStores,
    private readonly routes: RoutesService,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  /**
   * What is so now, then each change, until a replica serves, the lease ends or the caller leaves.
   * @throws DomainError NOT_FOUND (DEPLOYMENT_NOT_FOUND); FAILED_PRECONDITION (DEPLOYMENT_NOT_SCALABLE)
   */
  async *activate(lease: DemandLease, signal: AbortSignal): AsyncGenerator<Activation> {
    checkLease(lease);
    const { clock } = this.context;
    const until = leaseEnd(lease.until, clock.now());
    await this.transactions.run((tx) => this.#take(tx, { ...lease, until }));
    let told: Activation | undefined;
    while (lease.waiting > 0 && !signal.aborted && clock.now() < until) {
      const seen = await this.#look(lease.deploymentId);
      if (seen.phase !== told?.phase || seen.message !== told.message || seen.route) yield seen;
      if (seen.route) return;
      told = seen;
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #take(tx: EntityManager, lease: DemandLease): Promise<void> {
    const { deployments, leases } = this.stores;
    const deployment = await deployments.find(tx, lease.deploymentId);
    if (!deployment) {
      throw new DomainError('NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', `there is no deployment ${lease.deploymentId}`);
    }
    if (deployment.autoscaling === null || deployment.isDeleting) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'DEPLOYMENT_NOT_SCALABLE',
        `demand does not decide how many replicas ${deployment.name} has; set its replicas, or give it autoscaling`,
        { details: { deployment_id: deployment.id } },
      );
    }
    const now = this.context.clock.now();
    await leases.put(tx, lease, now);
    await deployments.wake(tx, [deployment.id], now);
  }

  #look(id: Id<'dep'>): Promise<Activation> {
    return this.transactions.run((tx) => this.#read(tx, id), { isolation: 'REPEATABLE READ' });
  }

  async #read(tx: EntityManager, id: Id<'dep'>): Promise<Activation> {
    const { deployments, replicas } = this.stores;
    const startMs = usualStartMs(await replicas.latestStartsMs(tx, id));
    const progress = progressOf(await replicas.live(tx, [id]), startMs, this.context.clock.now());
    const deployment = await deployments.find(tx, id);
    const route = deployment && (await this.routes.serving(tx, deployment.endpointId));
    return { ...progress, route };
  }
}
