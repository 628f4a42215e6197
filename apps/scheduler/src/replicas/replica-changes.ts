import type { EntityManager } from 'typeorm';
import type { Deployment } from '../domain/deployment.ts';
import type { Replica } from '../domain/replica.ts';
import type { ReplicaEvents } from '../events/replica-events.ts';
import type { RoutesService } from '../routes/routes.service.ts';
import type { ReplicasRepository } from './replicas.repository.ts';

export interface ReplicaChange {
  /** Absent: it is new. */
  readonly before: Replica | undefined;
  readonly after: Replica;
}

/** The one way in which replicas change: state, events and route together. The caller holds the deployment's lock. */
export class ReplicaChanges {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly events: ReplicaEvents,
    private readonly routes: RoutesService,
  ) {}

  async save(tx: EntityManager, { endpointId }: Deployment, changes: readonly ReplicaChange[]): Promise<void> {
    const real = changes.filter(({ before, after }) => before !== after);
    await this.replicas.save(
      tx,
      real.map(({ after }) => after),
    );
    const moved = real.filter(({ before, after }) => before?.phase !== after.phase);
    await this.events.append(
      tx,
      moved.map(({ before, after }) => ({ from: before?.phase, replica: after })),
    );
    if (moved.length > 0) await this.routes.publish(tx, endpointId);
  }
}
