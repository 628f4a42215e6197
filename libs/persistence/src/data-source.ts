import {
  DataSource,
  type DataSourceOptions,
  type EntityTarget,
  type ObjectLiteral,
  type ValueTransformer,
} from 'typeorm';
import type { ForwardMigration } from './migrations.ts';

export interface DataSourceSettings {
  readonly url: string;
  /** The schema this service owns; entities need not repeat it. */
  readonly schema: string;
  readonly entities: readonly EntityTarget<ObjectLiteral>[];
  readonly migrations: readonly (new () => ForwardMigration)[];
  readonly poolSize?: number;
  /** Shown in pg_stat_activity, so that an operator sees whose connection holds a lock. */
  readonly applicationName: string;
  readonly statementTimeoutMs?: number;
}

/**
 * A service's only way to its database. Every wait is bounded: for a connection, for a statement, for a
 * transaction that its process forgot. Entities name their columns explicitly (snake_case); the schema is changed
 * by migrations alone, never by synchronisation.
 */
export function createDataSource(settings: DataSourceSettings): DataSource {
  const statementTimeoutMs = settings.statementTimeoutMs ?? 15_000;
  return new DataSource({
    type: 'postgres',
    url: settings.url,
    schema: settings.schema,
    entities: [...settings.entities] as NonNullable<DataSourceOptions['entities']>,
    migrations: [...settings.migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    installExtensions: false,
    applicationName: settings.applicationName,
    poolSize: settings.poolSize ?? 10,
    extra: {
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeoutMs,
      // The server's limit cannot help when the server is gone without a word; this one can.
      query_timeout: statementTimeoutMs + 5_000,
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
      options: `-c search_path=${settings.schema}`,
    },
  });
}

/** Columns of type bigint: the driver speaks strings because numbers would lose digits; the domain speaks bigint. */
export const bigintColumn: ValueTransformer = {
  to: (value: bigint | null | undefined) => value?.toString() ?? value,
  from: (value: string | null) => (value === null ? null : BigInt(value)),
};
