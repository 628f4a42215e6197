import { ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class AddAutoscaling20261122180000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }
}

const STATEMENTS = [
  'ALTER TABLE deployments ADD COLUMN autoscaling jsonb, ADD COLUMN scaling_decision_id text',
  `ALTER TABLE nodes ADD COLUMN loads jsonb NOT NULL DEFAULT '{}'`,
  // Apart from the deployment: it changes at every look, and nobody who reads the deployment needs it.
  `CREATE TABLE scaling_states (
    deployment_id text PRIMARY KEY REFERENCES deployments ON DELETE CASCADE,
    state jsonb NOT NULL
  )`,
  `CREATE TABLE scaling_decisions (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    deployment_id text NOT NULL,
    explanation text NOT NULL,
    inputs jsonb NOT NULL,
    engine_version text NOT NULL,
    created_at timestamptz NOT NULL
  )`,
  'CREATE INDEX scaling_decisions_created ON scaling_decisions (created_at)',
];
