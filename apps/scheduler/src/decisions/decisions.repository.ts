import { DomainError, type Id } from '@ostro/kernel';
import type { RankedCandidate } from '@ostro/placement';
import type { EntityManager } from 'typeorm';
import { DecisionEntity } from './decision.entity.ts';

/** A stored choice with its inputs and reasons. */
export interface StoredDecision {
  readonly id: Id<'dec'>;
  readonly organizationId: Id<'org'>;
  readonly replicaId: Id<'rep'>;
  readonly nodeId: Id<'nod'> | null;
  readonly explanation: string;
  readonly rejections: readonly string[];
  readonly candidates: readonly RankedCandidate[];
  readonly engineVersion: string;
  readonly profileDigest: string;
  readonly seed: bigint;
  readonly createdAt: Date;
}

export class DecisionsRepository {
  async insert(tx: EntityManager, decision: StoredDecision): Promise<void> {
    const { rejections, candidates } = decision;
    await tx.insert(DecisionEntity, { ...decision, rejections: [...rejections], candidates: [...candidates] as never });
  }

  /** @throws DomainError NOT_FOUND (DECISION_NOT_FOUND) */
  async get(tx: EntityManager, organizationId: Id<'org'>, id: Id<'dec'>): Promise<StoredDecision> {
    const row = await tx.findOneBy(DecisionEntity, { organizationId, id });
    if (row) return row;
    throw new DomainError(
      'NOT_FOUND',
      'DECISION_NOT_FOUND',
      `there is no decision ${id}; a replica names the decision that placed it`,
      { details: { decision_id: id } },
    );
  }
}
