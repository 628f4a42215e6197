import { ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class AddDemandMixes20261122193000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }
}

const STATEMENTS = [
  // json and not jsonb: the digest is of the very text.
  'CREATE TABLE demand_mixes (digest text PRIMARY KEY, mix json NOT NULL)',
  'ALTER TABLE decisions ADD COLUMN demand_digest text REFERENCES demand_mixes',
  'CREATE INDEX decisions_demand ON decisions (demand_digest)',
];
