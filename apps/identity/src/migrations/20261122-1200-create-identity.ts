import { createOutboxTable } from '@ostro/messaging';
import { createOwnerEpochTable, createRequestIdTable, ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class CreateIdentity20261122120000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createOwnerEpochTable(queryRunner);
    await createRequestIdTable(queryRunner);
    await createOutboxTable(queryRunner);
    for (const statement of TABLES) await queryRunner.query(statement);
  }
}

const TABLES = [
  `CREATE TABLE organizations (
    id text PRIMARY KEY,
    name text NOT NULL CONSTRAINT organizations_name UNIQUE,
    created_at timestamptz NOT NULL
  )`,
  `CREATE TABLE projects (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT projects_name UNIQUE (organization_id, name)
  )`,
  `CREATE TABLE principals (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations,
    kind text NOT NULL CHECK (kind IN ('user', 'service_account')),
    name text NOT NULL,
    role_bindings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT principals_name UNIQUE (organization_id, name)
  )`,
  `CREATE TABLE api_keys (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations,
    project_id text NOT NULL REFERENCES projects,
    principal_id text NOT NULL REFERENCES principals,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_sha256 bytea NOT NULL CONSTRAINT api_keys_secret UNIQUE CHECK (octet_length(secret_sha256) = 32),
    scopes text[] NOT NULL,
    effective_scopes text[] NOT NULL,
    allowed_models text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revocation_reason text,
    has_lost_rights boolean NOT NULL,
    generation bigint NOT NULL CONSTRAINT api_keys_generation UNIQUE,
    CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))
  )`,
  'CREATE INDEX api_keys_of_organization ON api_keys (organization_id, id)',
  'CREATE INDEX api_keys_of_principal ON api_keys (principal_id)',
  'CREATE INDEX api_keys_removals ON api_keys (generation) WHERE has_lost_rights',
  // A row and not a sequence: its lock makes the order of generations the order of commits, so whoever has read up
  // to a generation has missed nothing below it.
  `CREATE TABLE key_generation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    generation bigint NOT NULL,
    published_epoch bigint NOT NULL
  )`,
  'INSERT INTO key_generation (generation, published_epoch) VALUES (0, 1)',
  `CREATE TABLE join_tokens (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations,
    site jsonb NOT NULL,
    secret_sha256 bytea NOT NULL CONSTRAINT join_tokens_secret UNIQUE CHECK (octet_length(secret_sha256) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
  )`,
  `CREATE TABLE nodes (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations,
    join_token_id text NOT NULL CONSTRAINT nodes_join_token UNIQUE REFERENCES join_tokens,
    site jsonb NOT NULL,
    name text NOT NULL,
    enrolled_at timestamptz NOT NULL,
    certificate_expires_at timestamptz NOT NULL
  )`,
  `CREATE TABLE audit_log (
    id text PRIMARY KEY,
    at timestamptz NOT NULL,
    organization_id text NOT NULL,
    action text NOT NULL,
    subject_id text NOT NULL,
    peer text NOT NULL,
    principal_id text,
    key_id text,
    before_sha256 bytea,
    after_sha256 bytea
  )`,
  'CREATE INDEX audit_log_of_organization ON audit_log (organization_id, id)',
];
