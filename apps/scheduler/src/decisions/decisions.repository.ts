import { createHash } from 'node:crypto';
import { DomainError, type Id } from '@ostro/kernel';
import type { DemandMix, RankedCandidate } from '@ostro/placement';
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
  /** Names the demand it was made under; null: it was made before placement knew of demand. */
  readonly demandDigest: string | null;
  readonly createdAt: Date;
}

export interface NewDecision extends Omit<StoredDecision, 'demandDigest'> {
  readonly demand: DemandMix;
}

export class DecisionsRepository {
  async insert(tx: EntityManager, { demand, ...decision }: NewDecision): Promise<void> {
    const { rejections, candidates } = decision;
    const demandDigest = await this.#keep(tx, demand);
    await tx.insert(DecisionEntity, {
      ...decision,
      demandDigest,
      rejections: [...rejections],
      candidates: [...candidates] as never,
    });
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

  /** Thousands of decisions share a mix: it is kept once, by its digest. */
  async #keep(tx: EntityManager, demand: DemandMix): Promise<string> {
    const mix = JSON.stringify(demand);
    const digest = `sha256:${createHash('sha256').update(mix).digest('hex')}`;
    await tx.query('INSERT INTO demand_mixes (digest, mix) VALUES ($1, $2) ON CONFLICT DO NOTHING', [digest, mix]);
    return digest;
  }
}
