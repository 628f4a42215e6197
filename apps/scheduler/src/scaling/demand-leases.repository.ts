import type { Id } from '@ostro/kernel';
import type { EntityManager } from 'typeorm';
import type { DemandLease } from '../domain/activation.ts';
import type { Demand } from '../domain/scaling.ts';

export class DemandLeasesRepository {
  /** In the place of the holder's last one; a lease of nothing is none. */
  async put(tx: EntityManager, lease: DemandLease, now: Date): Promise<void> {
    const { deploymentId, holder, waiting, oldestWaitMs, until } = lease;
    if (waiting === 0) {
      await tx.query('DELETE FROM demand_leases WHERE deployment_id = $1 AND holder = $2', [deploymentId, holder]);
      return;
    }
    await tx.query(
      `INSERT INTO demand_leases (deployment_id, holder, waiting, waiting_since, until) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (deployment_id, holder) DO UPDATE SET waiting = excluded.waiting,
         waiting_since = excluded.waiting_since, until = excluded.until`,
      [deploymentId, holder, waiting, new Date(now.getTime() - oldestWaitMs), until],
    );
  }

  /** What waits by the word of all holders. */
  async demand(tx: EntityManager, deploymentId: Id<'dep'>, now: Date): Promise<Demand> {
    const rows: { waiting: number; since: Date | null }[] = await tx.query(
      `SELECT coalesce(sum(waiting), 0)::int AS waiting, min(waiting_since) AS since FROM demand_leases
       WHERE deployment_id = $1 AND until > $2`,
      [deploymentId, now],
    );
    return { waiting: rows[0]!.waiting, waitingSince: rows[0]!.since };
  }

  /** Removes what gateways that died have left. */
  async prune(tx: EntityManager, now: Date): Promise<void> {
    await tx.query('DELETE FROM demand_leases WHERE until < $1', [now]);
  }
}
