import { createOutboxTable } from '@ostro/messaging';
import { createOwnerEpochTable, createRequestIdTable, ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class CreateRegistry20261122120000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createOwnerEpochTable(queryRunner);
    await createRequestIdTable(queryRunner);
    await createOutboxTable(queryRunner);
    for (const statement of TABLES) await queryRunner.query(statement);
  }
}

const TABLES = [
  `CREATE TABLE models (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    name text NOT NULL,
    licence text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT models_name UNIQUE (organization_id, name)
  )`,
  // One content may be a revision of several models, so a digest alone is no key.
  `CREATE TABLE model_revisions (
    model_id text NOT NULL REFERENCES models,
    digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    organization_id text NOT NULL,
    model_name text NOT NULL,
    manifest jsonb NOT NULL,
    facts jsonb NOT NULL,
    licence text NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL,
    position bigserial,
    PRIMARY KEY (model_id, digest)
  )`,
  'CREATE INDEX model_revisions_by_digest ON model_revisions (organization_id, digest)',
  'CREATE INDEX model_revisions_newest ON model_revisions (model_id, position DESC)',
  `CREATE TABLE aliases (
    model_id text NOT NULL REFERENCES models,
    name text NOT NULL,
    digest text NOT NULL,
    generation bigint NOT NULL CHECK (generation > 0),
    PRIMARY KEY (model_id, name),
    FOREIGN KEY (model_id, digest) REFERENCES model_revisions
  )`,
  `CREATE TABLE imports (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    model_name text NOT NULL,
    alias text NOT NULL,
    source jsonb NOT NULL,
    state text NOT NULL CHECK
      (state IN ('awaiting_upload', 'transferring', 'verifying', 'published', 'failed', 'cancelled')),
    files jsonb NOT NULL,
    received_bytes bigint NOT NULL,
    total_bytes bigint NOT NULL,
    digest text,
    error jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    lease_token bigint NOT NULL DEFAULT 0,
    claimable_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    CHECK ((state = 'published') = (digest IS NOT NULL)),
    CHECK ((state = 'failed') = (error IS NOT NULL))
  )`,
  'CREATE INDEX imports_of_organization ON imports (organization_id, id DESC)',
  `CREATE INDEX imports_to_work_on ON imports (claimable_at) WHERE state IN ('transferring', 'verifying')`,
  `CREATE INDEX imports_awaiting_upload ON imports (updated_at) WHERE state = 'awaiting_upload'`,
];
