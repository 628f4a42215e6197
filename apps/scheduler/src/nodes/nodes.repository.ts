import type { Page } from '@ostro/grpc-host';
import { DomainError, type Generation, type Id } from '@ostro/kernel';
import { currentEpoch } from '@ostro/persistence';
import { type EntityManager, In, MoreThan } from 'typeorm';
import type { Pulse } from '../domain/liveness.ts';
import type { Allocation, Node } from '../domain/node.ts';
import { notifyNode } from '../signals/database-signals.ts';
import { NodeEntity } from './node.entity.ts';

export class NodesRepository {
  async find(tx: EntityManager, id: Id<'nod'>): Promise<Node | undefined> {
    return (await tx.findOneBy(NodeEntity, { id })) ?? undefined;
  }

  /** By id or name. @throws DomainError NOT_FOUND (NODE_NOT_FOUND) */
  async get(tx: EntityManager, organizationId: Id<'org'>, idOrName: string): Promise<Node> {
    const row = await tx.findOne(NodeEntity, {
      where: [
        { organizationId, id: idOrName as Id<'nod'> },
        { organizationId, name: idOrName },
      ],
      order: { id: 'ASC' },
    });
    if (row) return row;
    throw new DomainError(
      'NOT_FOUND',
      'NODE_NOT_FOUND',
      `there is no node ${idOrName}; list the organization's nodes`,
      {
        details: { node: idOrName },
      },
    );
  }

  /** Locks it: after the deployment, where a transaction locks both, and in the order of ids. */
  async lock(tx: EntityManager, id: Id<'nod'>): Promise<Node | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await tx.findOne(NodeEntity, { where: { id }, lock })) ?? undefined;
  }

  /** Locks several, in the order in which everybody does. */
  async lockAll(tx: EntityManager, ids: readonly Id<'nod'>[]): Promise<void> {
    if (ids.length > 0) await tx.query('SELECT 1 FROM nodes WHERE id = ANY($1) ORDER BY id FOR UPDATE', [[...ids]]);
  }

  /** Inserts or replaces. */
  async save(tx: EntityManager, node: Node): Promise<void> {
    await tx.upsert(NodeEntity, { ...node }, ['id']);
  }

  async insertIfNew(tx: EntityManager, node: Node): Promise<void> {
    await tx
      .createQueryBuilder()
      .insert()
      .into(NodeEntity)
      .values({ ...node })
      .orIgnore()
      .execute();
  }

  async all(tx: EntityManager): Promise<readonly Node[]> {
    return tx.find(NodeEntity);
  }

  async findAll(tx: EntityManager, ids: readonly Id<'nod'>[]): Promise<ReadonlyMap<Id<'nod'>, Node>> {
    const rows = ids.length === 0 ? [] : await tx.findBy(NodeEntity, { id: In([...new Set(ids)]) });
    return new Map(rows.map((node) => [node.id, node]));
  }

  /** One more than the page holds, by name. */
  async list(tx: EntityManager, organizationId: Id<'org'>, page: Page): Promise<readonly Node[]> {
    const [name, id] = page.after ?? [];
    const after =
      name === undefined
        ? [{ organizationId }]
        : [
            { organizationId, name: MoreThan(name) },
            { organizationId, name, id: MoreThan(id as Id<'nod'>) },
          ];
    return tx.find(NodeEntity, { where: after, order: { name: 'ASC', id: 'ASC' }, take: page.size + 1 });
  }

  async pulses(tx: EntityManager): Promise<readonly Pulse[]> {
    const rows: { id: Id<'nod'>; report_number: string }[] = await tx.query(
      'SELECT id, report_number FROM nodes WHERE NOT is_dead',
    );
    return rows.map(({ id, report_number: number }) => ({ nodeId: id, reportNumber: BigInt(number) }));
  }

  /** Marks it dead unless it has reported since. */
  async markDead(tx: EntityManager, { nodeId, reportNumber }: Pulse): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.query(
      'UPDATE nodes SET is_dead = true WHERE id = $1 AND report_number = $2 AND NOT is_dead',
      [nodeId, reportNumber.toString()],
    );
    return count > 0;
  }

  /** Raised in the transaction that changes what the node should run. The node stays locked until it ends. */
  async raiseGeneration(tx: EntityManager, id: Id<'nod'>): Promise<bigint> {
    const [rows]: [{ generation: string }[], number] = await tx.query(
      'UPDATE nodes SET generation = generation + 1 WHERE id = $1 RETURNING generation',
      [id],
    );
    await notifyNode(tx, id);
    return BigInt(rows[0]!.generation);
  }

  /** How far the books have come: every placement and every lease raises it. */
  async bookGeneration(tx: EntityManager): Promise<Generation> {
    const rows: { last_value: string }[] = await tx.query('SELECT last_value FROM fencing_tokens');
    return { epoch: await currentEpoch(tx), generation: BigInt(rows[0]!.last_value) };
  }

  async nextFencingToken(tx: EntityManager): Promise<bigint> {
    const rows: { token: string }[] = await tx.query(`SELECT nextval('fencing_tokens') AS token`);
    return BigInt(rows[0]!.token);
  }

  /** What is promised, of all nodes or of one. */
  async allocations(tx: EntityManager, nodeId?: Id<'nod'>): Promise<readonly Allocation[]> {
    const rows: AllocationRow[] = await tx.query(
      `SELECT placements.*, array_agg(accelerator_id ORDER BY accelerator_id) AS accelerator_ids,
         max(memory_bytes) AS memory_bytes
       FROM placements JOIN placement_allocations AS allocation USING (replica_id)
       WHERE $1::text IS NULL OR placements.node_id = $1 GROUP BY placements.replica_id ORDER BY placements.replica_id`,
      [nodeId ?? null],
    );
    return rows.map((row) => ({
      replicaId: row.replica_id,
      deploymentId: row.deployment_id,
      organizationId: row.organization_id,
      nodeId: row.node_id,
      acceleratorIds: row.accelerator_ids,
      memoryBytesEach: Number(row.memory_bytes),
      cpuMilli: row.cpu_milli,
    }));
  }

  /** The caller holds the node's lock and has checked that it fits. */
  async reserve(tx: EntityManager, allocation: Allocation, now: Date): Promise<void> {
    const { replicaId, nodeId, deploymentId, organizationId, acceleratorIds, memoryBytesEach, cpuMilli } = allocation;
    await tx.query(
      `INSERT INTO placements (replica_id, node_id, deployment_id, organization_id, cpu_milli, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [replicaId, nodeId, deploymentId, organizationId, cpuMilli, now],
    );
    await tx.query(
      `INSERT INTO placement_allocations (node_id, accelerator_id, replica_id, memory_bytes)
       SELECT $1, accelerator_id, $2, $3 FROM unnest($4::text[]) AS accelerator_id`,
      [nodeId, replicaId, memoryBytesEach, [...acceleratorIds]],
    );
  }

  /**
   * Frees what ended replicas held, once the agent's whole report shows nothing of them any more: a node that comes
   * back from the dead still holds the memory of replicas that were given up.
   */
  async releaseGone(tx: EntityManager, nodeId: Id<'nod'>, stillThere: readonly string[]): Promise<number> {
    const [, count]: [unknown[], number] = await tx.query(
      `DELETE FROM placements USING replicas
       WHERE placements.node_id = $1 AND replicas.id = placements.replica_id AND phase IN ('stopped', 'failed')
         AND NOT (placements.replica_id = ANY($2))`,
      [nodeId, [...stillThere]],
    );
    return count;
  }
}

interface AllocationRow {
  readonly replica_id: Id<'rep'>;
  readonly deployment_id: Id<'dep'>;
  readonly organization_id: Id<'org'>;
  readonly node_id: Id<'nod'>;
  readonly accelerator_ids: string[];
  readonly memory_bytes: string;
  readonly cpu_milli: number;
}
