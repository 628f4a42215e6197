import { isDeepStrictEqual } from 'node:util';
import type { schedulingV1 } from '@ostro/contracts';
import type { Id } from '@ostro/kernel';
import { currentEpoch } from '@ostro/persistence';
import type { EntityManager } from 'typeorm';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import type { Revision, RevisionsRepository } from '../deployments/revisions.repository.ts';
import type { Replica } from '../domain/replica.ts';
import { type Backend, causeOf, type Route, routeOf, type ServedRevision } from '../domain/route.ts';
import type { EndpointsRepository, RoutedEndpoint } from '../endpoints/endpoints.repository.ts';
import type { RouteRecords } from '../events/route-records.ts';
import type { NodesRepository } from '../nodes/nodes.repository.ts';
import type { ReplicasRepository } from '../replicas/replicas.repository.ts';

/** Keeps what gateways are told equal to what is so. */
export class RoutesService {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly deployments: DeploymentsRepository,
    private readonly revisions: RevisionsRepository,
    private readonly replicas: ReplicasRepository,
    private readonly nodes: NodesRepository,
    private readonly records: RouteRecords,
  ) {}

  /**
   * Publishes the route of an endpoint if it differs from what was published last, or was published before a restore.
   * Called after every change that a route follows from, in its transaction and as its last lock.
   */
  async publish(tx: EntityManager, endpointId: Id<'ept'>): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, endpointId);
    if (!endpoint) return;
    const route = await this.#route(tx, endpoint);
    const epoch = await currentEpoch(tx);
    if (endpoint.epoch === epoch && isDeepStrictEqual(endpoint.route, route)) return;
    const version = { epoch, generation: endpoint.generation + 1n };
    const cause = await this.#cause(tx, endpoint, route);
    await this.endpoints.saveRoute(tx, endpointId, route, version);
    await this.records.append(tx, endpoint, route, { ...version, cause });
  }

  /** The route as it was published last; undefined unless a replica serves. */
  async serving(tx: EntityManager, endpointId: Id<'ept'>): Promise<schedulingV1.RouteRecord | undefined> {
    const endpoint = await this.endpoints.find(tx, endpointId);
    if (endpoint?.route?.state !== 'ready') return undefined;
    return this.records.record(endpoint, endpoint.route, { ...endpoint, cause: 'added' });
  }

  async #route(tx: EntityManager, { targets }: RoutedEndpoint): Promise<Route> {
    const ids = targets.map(({ deploymentId }) => deploymentId);
    const deployments = await this.deployments.findAll(tx, ids);
    const replicas = await this.replicas.live(tx, ids);
    const revisions = await this.revisions.findAll(tx, [
      ...deployments.map(({ revisionId }) => revisionId),
      ...replicas.map(({ revisionId }) => revisionId),
    ]);
    const nodes = await this.nodes.findAll(
      tx,
      replicas.flatMap(({ nodeId }) => nodeId ?? []),
    );
    const backends = deployments.map((deployment): Backend => {
      const { id, isDeleting, autoscaling, revisionId } = deployment;
      return {
        deploymentId: id,
        weight: targets.find(({ deploymentId }) => deploymentId === id)!.weight,
        isDeleting,
        isScalable: autoscaling !== null,
        currentRevisionId: revisionId,
        revisions: [...revisions.values()].filter(({ deploymentId }) => deploymentId === id).map(served),
        replicas: replicas.filter(({ deploymentId }) => deploymentId === id),
      };
    });
    return routeOf(backends, nodes);
  }

  async #cause(tx: EntityManager, { route }: RoutedEndpoint, next: Route) {
    const before = route?.targets.flatMap(({ replicas }) => replicas.map(({ replicaId }) => replicaId)) ?? [];
    const replicas = await this.replicas.findAll(tx, before);
    return causeOf(route ?? undefined, next, new Map<Id<'rep'>, Replica>(replicas.map((each) => [each.id, each])));
  }
}

function served({ id, number, spec, model }: Revision): ServedRevision {
  return { id, number, spec, modelDigest: model.digest, modelName: model.modelName };
}
