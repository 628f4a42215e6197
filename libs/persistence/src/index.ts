export { createDataSource, bigintColumn, type DataSourceSettings } from './data-source.ts';
export {
  isDatabaseUnavailable,
  isForeignKeyViolation,
  isTransactionConflict,
  isUniqueViolation,
  toDomainError,
} from './database-error.ts';
export { ForwardMigration, runMigrations, schemaOf } from './migrations.ts';
export { createOwnerEpochTable, currentEpoch, raiseEpoch } from './owner-epoch.ts';
export { provision, type SchemaGrant } from './provision.ts';
export {
  createRequestIdTable,
  fingerprintOf,
  idempotentRequest,
  onceByRequestId,
  pruneRequestIds,
  type IdempotentRequest,
  type IdempotentResult,
  type RequestScope,
} from './request-id.ts';
export {
  afterCommit,
  TransactionRunner,
  type IsolationLevel,
  type TransactionOptions,
  type TransactionRunnerOptions,
} from './transaction-runner.ts';
