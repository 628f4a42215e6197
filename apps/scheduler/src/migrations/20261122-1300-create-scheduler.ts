import { createOutboxTable } from '@ostro/messaging';
import { createOwnerEpochTable, createRequestIdTable, ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class CreateScheduler20261122130000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createOwnerEpochTable(queryRunner);
    await createRequestIdTable(queryRunner);
    await createOutboxTable(queryRunner);
    for (const statement of TABLES) await queryRunner.query(statement);
  }
}

const TABLES = [
  // One sequence for leases and placements: a token is newer than every one given before it, whatever it is for.
  'CREATE SEQUENCE fencing_tokens',
  `CREATE TABLE nodes (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    name text NOT NULL,
    site jsonb NOT NULL,
    operator_state text NOT NULL CHECK (operator_state IN ('ready', 'cordoned', 'draining')),
    is_dead boolean NOT NULL,
    generation bigint NOT NULL,
    inventory jsonb NOT NULL,
    address jsonb,
    agent_version text NOT NULL,
    report_number bigint NOT NULL,
    reported_at timestamptz
  )`,
  'CREATE INDEX nodes_organization ON nodes (organization_id, name, id)',
  `CREATE TABLE deployments (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    name text NOT NULL,
    endpoint_id text NOT NULL,
    revision_id text NOT NULL,
    replicas integer NOT NULL CHECK (replicas >= 0),
    generation bigint NOT NULL,
    observed_generation bigint NOT NULL,
    is_deleting boolean NOT NULL,
    phase text NOT NULL,
    conditions jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    lease_token bigint,
    lease_until timestamptz,
    CONSTRAINT deployments_name UNIQUE (project_id, name)
  )`,
  'CREATE INDEX deployments_due ON deployments (due_at)',
  'CREATE INDEX deployments_organization ON deployments (organization_id, name, id)',
  `CREATE TABLE revisions (
    id text PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployments ON DELETE CASCADE,
    number integer NOT NULL,
    asked bytea NOT NULL,
    spec jsonb NOT NULL,
    model bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT revisions_number UNIQUE (deployment_id, number)
  )`,
  `CREATE TABLE endpoints (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    name text NOT NULL,
    targets jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    route jsonb,
    epoch bigint NOT NULL,
    generation bigint NOT NULL,
    CONSTRAINT endpoints_name UNIQUE (project_id, name)
  )`,
  'CREATE INDEX endpoints_organization ON endpoints (organization_id, name, id)',
  `CREATE TABLE replicas (
    id text PRIMARY KEY,
    deployment_id text NOT NULL,
    revision_id text NOT NULL,
    organization_id text NOT NULL,
    node_id text REFERENCES nodes,
    accelerator_ids text[] NOT NULL,
    fencing_token bigint NOT NULL,
    phase text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    last_log_lines text[] NOT NULL,
    restart_count integer NOT NULL,
    decision_id text,
    goal_generation bigint NOT NULL,
    drain_deadline timestamptz,
    created_at timestamptz NOT NULL,
    phase_at timestamptz NOT NULL,
    ready_at timestamptz
  )`,
  'CREATE INDEX replicas_deployment ON replicas (deployment_id, id)',
  `CREATE INDEX replicas_live_on_node ON replicas (node_id) WHERE phase NOT IN ('stopped', 'failed')`,
  // A replica holds its share from its placement until its agent confirms that it is gone.
  `CREATE TABLE placements (
    replica_id text PRIMARY KEY REFERENCES replicas ON DELETE CASCADE,
    node_id text NOT NULL REFERENCES nodes,
    deployment_id text NOT NULL,
    organization_id text NOT NULL,
    cpu_milli integer NOT NULL,
    created_at timestamptz NOT NULL
  )`,
  'CREATE INDEX placements_node ON placements (node_id)',
  `CREATE TABLE placement_allocations (
    node_id text NOT NULL REFERENCES nodes,
    accelerator_id text NOT NULL,
    replica_id text NOT NULL REFERENCES placements ON DELETE CASCADE,
    memory_bytes bigint NOT NULL CHECK (memory_bytes > 0),
    PRIMARY KEY (node_id, accelerator_id, replica_id)
  )`,
  'CREATE INDEX placement_allocations_replica ON placement_allocations (replica_id)',
  `CREATE TABLE decisions (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    replica_id text NOT NULL,
    node_id text,
    explanation text NOT NULL,
    rejections text[] NOT NULL,
    candidates jsonb NOT NULL,
    engine_version text NOT NULL,
    profile_digest text NOT NULL,
    seed bigint NOT NULL,
    created_at timestamptz NOT NULL
  )`,
];
