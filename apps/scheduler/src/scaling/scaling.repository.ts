import type { Id } from '@ostro/kernel';
import type { EntityManager } from 'typeorm';
import type { ScaleInputs, ScalingState } from '../domain/scaling.ts';
import { ScalingDecisionEntity } from './scaling-decision.entity.ts';

/** A change of the number of replicas, with what it was decided on. */
export interface ScalingDecision {
  readonly id: Id<'dec'>;
  readonly organizationId: Id<'org'>;
  readonly deploymentId: Id<'dep'>;
  readonly explanation: string;
  readonly inputs: ScaleInputs;
  readonly engineVersion: string;
  readonly createdAt: Date;
}

export class ScalingRepository {
  async findState(tx: EntityManager, deploymentId: Id<'dep'>): Promise<ScalingState | undefined> {
    const rows: { state: ScalingState }[] = await tx.query(
      'SELECT state FROM scaling_states WHERE deployment_id = $1',
      [deploymentId],
    );
    return rows[0]?.state;
  }

  async saveState(tx: EntityManager, deploymentId: Id<'dep'>, state: ScalingState): Promise<void> {
    await tx.query(
      `INSERT INTO scaling_states (deployment_id, state) VALUES ($1, $2)
       ON CONFLICT (deployment_id) DO UPDATE SET state = excluded.state`,
      [deploymentId, JSON.stringify(state)],
    );
  }

  /** What demand did before means nothing under other bounds, or after a time in which it decided nothing. */
  async forgetState(tx: EntityManager, deploymentId: Id<'dep'>): Promise<void> {
    await tx.query('DELETE FROM scaling_states WHERE deployment_id = $1', [deploymentId]);
  }

  async insertDecision(tx: EntityManager, decision: ScalingDecision): Promise<void> {
    await tx.insert(ScalingDecisionEntity, { ...decision, inputs: decision.inputs as never });
  }

  async findDecision(
    tx: EntityManager,
    organizationId: Id<'org'>,
    id: Id<'dec'>,
  ): Promise<ScalingDecision | undefined> {
    return (await tx.findOneBy(ScalingDecisionEntity, { organizationId, id })) ?? undefined;
  }
}
