import { ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class AddDemandLeases20261122183000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE demand_leases (
        deployment_id text NOT NULL REFERENCES deployments ON DELETE CASCADE,
        holder text NOT NULL,
        waiting integer NOT NULL CHECK (waiting > 0),
        waiting_since timestamptz NOT NULL,
        until timestamptz NOT NULL,
        PRIMARY KEY (deployment_id, holder)
      )`,
    );
  }
}
