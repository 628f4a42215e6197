import type { Page } from '@ostro/grpc-host';
import { DomainError, type Id } from '@ostro/kernel';
import { isUniqueViolation } from '@ostro/persistence';
import { type EntityManager, In, MoreThan } from 'typeorm';
import type { Deployment } from '../domain/deployment.ts';
import { notifyDue } from '../signals/database-signals.ts';
import { DeploymentEntity } from './deployment.entity.ts';

/** A right to reconcile one deployment for a while, void as soon as somebody else gets a newer token. */
export interface Lease {
  readonly deploymentId: Id<'dep'>;
  readonly token: bigint;
  readonly until: Date;
}

export class DeploymentsRepository {
  /** @throws DomainError ALREADY_EXISTS (DEPLOYMENT_NAME_TAKEN) */
  async insert(tx: EntityManager, deployment: Deployment, dueAt: Date): Promise<void> {
    try {
      await tx.insert(DeploymentEntity, { ...toRow(deployment), dueAt });
    } catch (error) {
      if (!isUniqueViolation(error, 'deployments_name')) throw error;
      throw new DomainError(
        'ALREADY_EXISTS',
        'DEPLOYMENT_NAME_TAKEN',
        `the project has a deployment ${deployment.name}; choose another name, or wait until that one is deleted`,
        { details: { name: deployment.name }, cause: error },
      );
    }
    await notifyDue(tx);
  }

  async save(tx: EntityManager, { id, ...changes }: Deployment): Promise<void> {
    await tx.update(DeploymentEntity, { id }, { ...changes, conditions: [...changes.conditions] });
  }

  async remove(tx: EntityManager, id: Id<'dep'>): Promise<void> {
    await tx.delete(DeploymentEntity, { id });
  }

  async find(tx: EntityManager, id: Id<'dep'>): Promise<Deployment | undefined> {
    return (await tx.findOneBy(DeploymentEntity, { id })) ?? undefined;
  }

  async findAll(tx: EntityManager, ids: readonly Id<'dep'>[]): Promise<readonly Deployment[]> {
    return tx.findBy(DeploymentEntity, { id: In([...ids]) });
  }

  /** By id or, where a project is named, by name. @throws DomainError NOT_FOUND (DEPLOYMENT_NOT_FOUND) */
  async get(
    tx: EntityManager,
    where: {
      organizationId: Id<'org'>;
      projectIds: readonly Id<'prj'>[] | undefined;
      projectId?: Id<'prj'> | undefined;
      idOrName: string;
    },
  ): Promise<Deployment> {
    const { organizationId, projectId, idOrName } = where;
    const projectIds = projectId === undefined ? where.projectIds : [projectId];
    const reach = { organizationId, ...(projectIds && { projectId: In([...projectIds]) }) };
    const byName = projectId === undefined ? [] : [{ ...reach, name: idOrName }];
    const row = await tx.findOne(DeploymentEntity, { where: [{ ...reach, id: idOrName as Id<'dep'> }, ...byName] });
    return found(idOrName, row);
  }

  /** Locks it: the first lock of every transaction that changes a deployment, its replicas or its route. */
  async lock(tx: EntityManager, id: Id<'dep'>): Promise<Deployment | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await tx.findOne(DeploymentEntity, { where: { id }, lock })) ?? undefined;
  }

  /** Locks it if the lease still holds; undefined: somebody else has it now, and nothing may be written. */
  async lockLeased(tx: EntityManager, { deploymentId, token }: Lease): Promise<Deployment | undefined> {
    const held: unknown[] = await tx.query('SELECT 1 FROM deployments WHERE id = $1 AND lease_token = $2 FOR UPDATE', [
      deploymentId,
      token.toString(),
    ]);
    return held.length === 0 ? undefined : this.find(tx, deploymentId);
  }

  /** One more than the page holds, by name. */
  async list(
    tx: EntityManager,
    where: { organizationId: Id<'org'>; projectIds?: readonly Id<'prj'>[] | undefined },
    page: Page,
  ): Promise<readonly Deployment[]> {
    const { organizationId, projectIds } = where;
    const scope = { organizationId, ...(projectIds && { projectId: In([...projectIds]) }) };
    const [name, id] = page.after ?? [];
    const after =
      name === undefined
        ? [scope]
        : [
            { ...scope, name: MoreThan(name) },
            { ...scope, name, id: MoreThan(id as Id<'dep'>) },
          ];
    return tx.find(DeploymentEntity, { where: after, order: { name: 'ASC', id: 'ASC' }, take: page.size + 1 });
  }

  /**
   * Leases up to `limit` deployments that are due, the longest waiting first. Due again when the lease ends, so that a
   * process that dies with it only delays.
   */
  async claimDue(
    tx: EntityManager,
    { now, until, limit }: { now: Date; until: Date; limit: number },
  ): Promise<readonly Lease[]> {
    const rows: { id: Id<'dep'>; token: string }[] = await tx.query(
      `WITH due AS (
         SELECT id FROM deployments WHERE due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
         ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
       ), leased AS (
         UPDATE deployments SET lease_token = nextval('fencing_tokens'), lease_until = $2, due_at = $2
         FROM due WHERE deployments.id = due.id RETURNING deployments.id, lease_token AS token
       ) SELECT id, token FROM leased`,
      [now, until, limit],
    );
    return rows.map(({ id, token }) => ({ deploymentId: id, token: BigInt(token), until }));
  }

  /** Gives a lease back. A wake-up that came meanwhile wins over `dueAt`. */
  async release(tx: EntityManager, { deploymentId, token, until }: Lease, dueAt: Date): Promise<void> {
    await tx.query(
      `UPDATE deployments SET lease_until = NULL, due_at = CASE WHEN due_at = $3 THEN $4 ELSE least(due_at, $4) END
       WHERE id = $1 AND lease_token = $2`,
      [deploymentId, token.toString(), until, dueAt],
    );
  }

  async wake(tx: EntityManager, ids: readonly Id<'dep'>[], now: Date): Promise<void> {
    if (ids.length === 0) return;
    await tx.query('UPDATE deployments SET due_at = least(due_at, $2) WHERE id = ANY($1)', [[...ids].sort(), now]);
    await notifyDue(tx);
  }

  /** To be called when room may have appeared somewhere. */
  async wakePending(tx: EntityManager, now: Date): Promise<void> {
    const rows: { deployment_id: Id<'dep'> }[] = await tx.query(
      `SELECT DISTINCT deployment_id FROM replicas WHERE phase = 'pending'`,
    );
    await this.wake(
      tx,
      rows.map(({ deployment_id: id }) => id),
      now,
    );
  }

  /** To be called when a node's address or state has changed. */
  async wakeOnNode(tx: EntityManager, nodeId: Id<'nod'>, now: Date): Promise<void> {
    const rows: { deployment_id: Id<'dep'> }[] = await tx.query(
      `SELECT DISTINCT deployment_id FROM replicas WHERE node_id = $1 AND phase NOT IN ('stopped', 'failed')`,
      [nodeId],
    );
    await this.wake(
      tx,
      rows.map(({ deployment_id: id }) => id),
      now,
    );
  }
}

function toRow(deployment: Deployment) {
  return { ...deployment, conditions: [...deployment.conditions] };
}

function found(idOrName: string, row: DeploymentEntity | null): Deployment {
  if (row) return row;
  throw new DomainError(
    'NOT_FOUND',
    'DEPLOYMENT_NOT_FOUND',
    `there is no deployment ${idOrName}; list the deployments of the project`,
    { details: { deployment: idOrName } },
  );
}
