import { createConsumerOffsetTable, createInboxTable, createOutboxTable } from '@ostro/messaging';
import { createOwnerEpochTable, ForwardMigration } from '@ostro/persistence';
import type { QueryRunner } from 'typeorm';

export class CreateBilling20261122120000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createOwnerEpochTable(queryRunner);
    await createOutboxTable(queryRunner);
    await createInboxTable(queryRunner);
    await createConsumerOffsetTable(queryRunner);
    for (const statement of [...PRICES, ...USAGE, ...LEDGER, ...GUARDS]) await queryRunner.query(statement);
  }
}

const PRICES = [
  `CREATE TABLE price_books (
    id text PRIMARY KEY,
    currency text NOT NULL,
    generation bigint NOT NULL
  )`,
  `CREATE TABLE price_versions (
    price_book_id text NOT NULL REFERENCES price_books,
    version integer NOT NULL,
    effective_from timestamptz NOT NULL,
    effective_to timestamptz,
    prices jsonb NOT NULL,
    PRIMARY KEY (price_book_id, version)
  )`,
];

const USAGE = [
  // What both sides said of a request, and what came of it. The key is the business key of a charge; keys begin with
  // the request's id, because it is ordered by time.
  `CREATE TABLE request_settlements (
    organization_id text NOT NULL,
    request_id text NOT NULL,
    gateway_incarnation text,
    recorded bytea,
    state text NOT NULL CHECK (state IN ('waiting', 'charged', 'not_charged', 'in_review')),
    reason text,
    look_at timestamptz,
    revision integer NOT NULL,
    charge_id text,
    charged_input_tokens bigint,
    charged_cached_input_tokens bigint,
    charged_output_tokens bigint,
    PRIMARY KEY (request_id, organization_id),
    CHECK ((state = 'charged') = (charge_id IS NOT NULL))
  )`,
  'CREATE INDEX request_settlements_due ON request_settlements (look_at) WHERE look_at IS NOT NULL',
  `CREATE INDEX request_settlements_without_gateway ON request_settlements (gateway_incarnation)
    WHERE state = 'waiting' AND recorded IS NULL`,
  `CREATE TABLE attempt_witnesses (
    organization_id text NOT NULL,
    request_id text NOT NULL,
    attempt integer NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (request_id, organization_id, attempt),
    FOREIGN KEY (request_id, organization_id) REFERENCES request_settlements ON DELETE CASCADE
  )`,
  `CREATE TABLE usage_positions (
    incarnation text PRIMARY KEY,
    received int8multirange NOT NULL,
    settled_up_to bigint NOT NULL,
    replayed_to bigint
  )`,
  `CREATE TABLE usage_review (
    id bigserial PRIMARY KEY,
    reason text NOT NULL,
    detail text NOT NULL,
    record_type text NOT NULL,
    record bytea NOT NULL,
    record_sha256 bytea NOT NULL CONSTRAINT usage_review_record UNIQUE,
    organization_id text,
    request_id text,
    arrived_at timestamptz NOT NULL,
    resolved_at timestamptz
  )`,
  'CREATE INDEX usage_review_of_request ON usage_review (organization_id, request_id) WHERE resolved_at IS NULL',
];

const LEDGER = [
  `CREATE TABLE ledger_transactions (
    id text PRIMARY KEY,
    organization_id text NOT NULL,
    posted_at timestamptz NOT NULL
  )`,
  `CREATE TABLE postings (
    transaction_id text NOT NULL REFERENCES ledger_transactions,
    account text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (transaction_id, account, currency)
  )`,
  // A projection: what replaying the postings gives.
  `CREATE TABLE account_balances (
    account text NOT NULL,
    currency text NOT NULL,
    balance numeric NOT NULL,
    PRIMARY KEY (account, currency)
  )`,
  // The month comes from the request's id, so that a unique key within a partition is unique for ever.
  `CREATE TABLE charges (
    id text NOT NULL,
    organization_id text NOT NULL,
    request_id text NOT NULL,
    requested_at timestamptz NOT NULL
      CHECK (requested_at = to_timestamp(('x' || substr(request_id, 5, 12))::bit(48)::bigint / 1000.0)),
    revision integer NOT NULL,
    is_reversal boolean NOT NULL,
    corrects_charge_id text,
    project_id text NOT NULL,
    key_id text NOT NULL,
    endpoint_name text NOT NULL,
    model_digest text NOT NULL,
    outcome text NOT NULL,
    basis text NOT NULL,
    difference jsonb,
    input_tokens bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    lines jsonb NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    price_book_id text NOT NULL,
    price_version integer NOT NULL,
    sku text NOT NULL,
    charge_time timestamptz NOT NULL,
    transaction_id text NOT NULL REFERENCES ledger_transactions,
    revenue_account text NOT NULL,
    PRIMARY KEY (id, requested_at),
    CONSTRAINT charges_once UNIQUE (organization_id, request_id, revision, is_reversal, requested_at)
  ) PARTITION BY RANGE (requested_at)`,
  'CREATE INDEX charges_by_time ON charges (organization_id, charge_time, id)',
  'CREATE INDEX charges_with_difference ON charges (charge_time) WHERE difference IS NOT NULL',
];

const IMMUTABLE = ['charges', 'postings', 'ledger_transactions'];

const GUARDS = [
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is never edited: post a correction instead', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END $$`,
  ...IMMUTABLE.flatMap((table) => [
    `CREATE TRIGGER ${table}_stay BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    `CREATE TRIGGER ${table}_stay_all BEFORE TRUNCATE ON ${table} EXECUTE FUNCTION refuse_change()`,
  ]),
  // An open version may be ended, so that the next one can begin; nothing else about a version changes.
  `CREATE TRIGGER price_versions_stay BEFORE DELETE OR UPDATE OF price_book_id, version, effective_from, prices
    ON price_versions FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER price_versions_end_once BEFORE UPDATE OF effective_to ON price_versions
    FOR EACH ROW WHEN (OLD.effective_to IS NOT NULL AND NEW.effective_to IS DISTINCT FROM OLD.effective_to)
    EXECUTE FUNCTION refuse_change()`,
  `CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM postings WHERE transaction_id = NEW.transaction_id
                 GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'the postings of % do not sum to zero', NEW.transaction_id
          USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE CONSTRAINT TRIGGER postings_balance AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced()`,
];
