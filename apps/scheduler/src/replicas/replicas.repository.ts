import type { Page } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import { type EntityManager, In, IsNull, LessThan, MoreThan, Not } from 'typeorm';
import { type Need, needOf } from '../domain/placement-request.ts';
import type { Replica, ReplicaPhase } from '../domain/replica.ts';
import type { Spec } from '../domain/spec.ts';
import { ReplicaEntity } from './replica.entity.ts';

const TERMINAL: ReplicaPhase[] = ['stopped', 'failed'];
/** More failures than any back-off looks at. */
const REMEMBERED_FAILURES = 200;
const REMEMBERED_STARTS = 5;
/** Wide enough for a mix that is no accident, and read in a moment at start. */
const REMEMBERED_NEEDS = 10_000;

export class ReplicasRepository {
  /** Inserts or replaces. */
  async save(tx: EntityManager, replicas: readonly Replica[]): Promise<void> {
    if (replicas.length > 0) await tx.upsert(ReplicaEntity, replicas.map(toRow), ['id']);
  }

  async live(tx: EntityManager, deploymentIds: readonly Id<'dep'>[]): Promise<readonly Replica[]> {
    return tx.find(ReplicaEntity, {
      where: { deploymentId: In([...deploymentIds]), phase: Not(In(TERMINAL)) },
      order: { id: 'ASC' },
    });
  }

  /**
   * What a plan is made from: the live ones, and the latest failures of the revision since one of it served without
   * failing. What goes cold and is woken for years must not be given up for failures that lie days apart.
   */
  async forPlan(tx: EntityManager, deploymentId: Id<'dep'>, revisionId: Id<'rev'>): Promise<readonly Replica[]> {
    const served = await tx.findOne(ReplicaEntity, {
      where: { deploymentId, revisionId, phase: Not('failed'), readyAt: Not(IsNull()) },
      order: { readyAt: 'DESC' },
    });
    const failed = await tx.find(ReplicaEntity, {
      where: {
        deploymentId,
        revisionId,
        phase: 'failed',
        ...(served?.readyAt && { phaseAt: MoreThan(served.readyAt) }),
      },
      order: { phaseAt: 'DESC' },
      take: REMEMBERED_FAILURES,
    });
    return [...(await this.live(tx, [deploymentId])), ...failed];
  }

  /** What the latest starts took from their creation until they served first. */
  async latestStartsMs(tx: EntityManager, deploymentId: Id<'dep'>): Promise<readonly number[]> {
    const rows: { created_at: Date; ready_at: Date }[] = await tx.query(
      `SELECT created_at, ready_at FROM replicas WHERE deployment_id = $1 AND ready_at IS NOT NULL
       ORDER BY ready_at DESC LIMIT ${REMEMBERED_STARTS}`,
      [deploymentId],
    );
    return rows.map(({ created_at: created, ready_at: ready }) => ready.getTime() - created.getTime());
  }

  /**
   * What the newest replicas that placement has decided about ask for, each one once. Those of deployments that are gone
   * are left out: their specs are gone too.
   */
  async latestNeeds(tx: EntityManager): Promise<readonly Need[]> {
    const rows: Pick<Spec, 'accelerators' | 'cpuMilli'>[] = await tx.query(
      `SELECT spec->'accelerators' AS accelerators, (spec->>'cpuMilli')::int AS "cpuMilli"
       FROM replicas JOIN revisions ON revisions.id = revision_id
       WHERE decision_id IS NOT NULL ORDER BY replicas.id DESC LIMIT ${REMEMBERED_NEEDS}`,
    );
    return rows.map(needOf);
  }

  async liveOnNode(tx: EntityManager, nodeId: Id<'nod'>): Promise<readonly Replica[]> {
    return tx.find(ReplicaEntity, { where: { nodeId, phase: Not(In(TERMINAL)) }, order: { id: 'ASC' } });
  }

  async findAll(tx: EntityManager, ids: readonly Id<'rep'>[]): Promise<readonly Replica[]> {
    return ids.length === 0 ? [] : tx.findBy(ReplicaEntity, { id: In([...ids]) });
  }

  /** One more than the page holds, newest first. */
  async list(tx: EntityManager, deploymentId: Id<'dep'>, page: Page): Promise<readonly Replica[]> {
    const [after] = page.after ?? [];
    return tx.find(ReplicaEntity, {
      where: { deploymentId, ...(after !== undefined && { id: LessThan(after as Id<'rep'>) }) },
      order: { id: 'DESC' },
      take: page.size + 1,
    });
  }

  /** Deployments that still count on a node that is dead. */
  async onDeadNodes(tx: EntityManager): Promise<readonly { nodeId: Id<'nod'>; deploymentId: Id<'dep'> }[]> {
    const rows: { node_id: Id<'nod'>; deployment_id: Id<'dep'> }[] = await tx.query(
      `SELECT DISTINCT node_id, deployment_id FROM replicas JOIN nodes ON nodes.id = node_id
       WHERE is_dead AND phase NOT IN ('stopped', 'failed') ORDER BY deployment_id`,
    );
    return rows.map(({ node_id: nodeId, deployment_id: deploymentId }) => ({ nodeId, deploymentId }));
  }

  async countByDeployment(
    tx: EntityManager,
    deploymentIds: readonly Id<'dep'>[],
    phase: ReplicaPhase,
  ): Promise<ReadonlyMap<string, number>> {
    const rows: { deployment_id: string; count: number }[] = await tx.query(
      `SELECT deployment_id, count(*)::int AS count FROM replicas WHERE deployment_id = ANY($1) AND phase = $2
       GROUP BY deployment_id`,
      [[...deploymentIds], phase],
    );
    return new Map(rows.map(({ deployment_id: id, count }) => [id, count]));
  }

  async countByPhase(tx: EntityManager): Promise<ReadonlyMap<ReplicaPhase, number>> {
    const rows: { phase: ReplicaPhase; count: number }[] = await tx.query(
      `SELECT phase, count(*)::int AS count FROM replicas GROUP BY phase`,
    );
    return new Map(rows.map(({ phase, count }) => [phase, count]));
  }
}

function toRow(replica: Replica) {
  return { ...replica, acceleratorIds: [...replica.acceleratorIds], lastLogLines: [...replica.lastLogLines] };
}
