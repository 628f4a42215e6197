import type { EntityManager, QueryRunner } from 'typeorm';

/** Called by a service's first migration. A new database begins with epoch 1. */
export async function createOwnerEpochTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE owner_epoch (
      singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
      epoch bigint NOT NULL CHECK (epoch > 0),
      raised_at timestamptz NOT NULL DEFAULT now()
    )`);
  await queryRunner.query('INSERT INTO owner_epoch (epoch) VALUES (1)');
}

/** The epoch every record of this owner carries before its generation. */
export async function currentEpoch(tx: EntityManager): Promise<bigint> {
  const rows: { epoch: string }[] = await tx.query('SELECT epoch FROM owner_epoch');
  return BigInt(rows[0]!.epoch);
}

/**
 * To be called once after a restore from a backup: generations written since that backup are lost and will be given
 * out again, and only a higher epoch makes them newer than what views and agents hold. `atLeast` is an epoch known
 * from outside (a view, an agent), for a backup that is itself older than an earlier restore.
 */
export async function raiseEpoch(tx: EntityManager, atLeast = 0n): Promise<bigint> {
  const rows: [{ epoch: string }[], number] = await tx.query(
    'UPDATE owner_epoch SET epoch = greatest(epoch + 1, $1::bigint), raised_at = now() RETURNING epoch',
    [atLeast.toString()],
  );
  return BigInt(rows[0][0]!.epoch);
}
