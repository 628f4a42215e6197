import type { Page } from '@ostro/grpc-host';
import { DomainError, type Generation, type Id } from '@ostro/kernel';
import { type EntityManager, In, MoreThan } from 'typeorm';
import type { Route } from '../domain/route.ts';
import { EndpointEntity } from './endpoint.entity.ts';

/** The public name clients put into "model". */
export interface Endpoint {
  readonly id: Id<'ept'>;
  readonly organizationId: Id<'org'>;
  readonly projectId: Id<'prj'>;
  readonly name: string;
  readonly targets: readonly { readonly deploymentId: Id<'dep'>; readonly weight: number }[];
  readonly createdAt: Date;
}

/** An endpoint with what gateways were told last. */
export interface RoutedEndpoint extends Endpoint, Generation {
  readonly route: Route | null;
}

export class EndpointsRepository {
  async insert(tx: EntityManager, endpoint: Endpoint): Promise<void> {
    const unpublished = { route: null, epoch: 0n, generation: 0n };
    await tx.insert(EndpointEntity, { ...endpoint, ...unpublished, targets: [...endpoint.targets] });
  }

  async remove(tx: EntityManager, id: Id<'ept'>): Promise<void> {
    await tx.delete(EndpointEntity, { id });
  }

  async find(tx: EntityManager, id: Id<'ept'>): Promise<RoutedEndpoint | undefined> {
    return (await tx.findOneBy(EndpointEntity, { id })) ?? undefined;
  }

  /** The last lock of a transaction: whoever holds it sees every change that a route follows from. */
  async lock(tx: EntityManager, id: Id<'ept'>): Promise<RoutedEndpoint | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await tx.findOne(EndpointEntity, { where: { id }, lock })) ?? undefined;
  }

  async saveRoute(tx: EntityManager, id: Id<'ept'>, route: Route, { epoch, generation }: Generation): Promise<void> {
    await tx.query('UPDATE endpoints SET route = $2, epoch = $3, generation = $4 WHERE id = $1', [
      id,
      JSON.stringify(route),
      epoch.toString(),
      generation.toString(),
    ]);
  }

  /** By id or name. @throws DomainError NOT_FOUND (ENDPOINT_NOT_FOUND) */
  async get(
    tx: EntityManager,
    where: { organizationId: Id<'org'>; projectIds: readonly Id<'prj'>[] | undefined; idOrName: string },
  ): Promise<Endpoint> {
    const { organizationId, projectIds, idOrName } = where;
    const scope = { organizationId, ...(projectIds && { projectId: In([...projectIds]) }) };
    const row = await tx.findOne(EndpointEntity, {
      where: [
        { ...scope, id: idOrName as Id<'ept'> },
        { ...scope, name: idOrName },
      ],
      order: { id: 'ASC' },
    });
    if (row) return row;
    throw new DomainError(
      'NOT_FOUND',
      'ENDPOINT_NOT_FOUND',
      `there is no endpoint ${idOrName}; list the endpoints of the project`,
      { details: { endpoint: idOrName } },
    );
  }

  /** One more than the page holds, by name. */
  async list(
    tx: EntityManager,
    where: { organizationId: Id<'org'>; projectIds: readonly Id<'prj'>[] | undefined },
    page: Page,
  ): Promise<readonly Endpoint[]> {
    const { organizationId, projectIds } = where;
    const scope = { organizationId, ...(projectIds && { projectId: In([...projectIds]) }) };
    const [name, id] = page.after ?? [];
    const after =
      name === undefined
        ? [scope]
        : [
            { ...scope, name: MoreThan(name) },
            { ...scope, name, id: MoreThan(id as Id<'ept'>) },
          ];
    return tx.find(EndpointEntity, { where: after, order: { name: 'ASC', id: 'ASC' }, take: page.size + 1 });
  }
}
