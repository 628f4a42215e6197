import {
  MigrationExecutor,
  type DataSource,
  type EntityManager,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';

/**
 * One dated, single-purpose step. The file is `20261122-1200-create-x.ts`, the class `CreateX20261122120000`: the
 * digits at its end give the order. A merged migration is never edited; a mistake is mended by the next one, because
 * during a rolling deploy two versions run on one schema (expand, backfill, switch, contract).
 */
export abstract class ForwardMigration implements MigrationInterface {
  abstract up(queryRunner: QueryRunner): Promise<void>;

  down(): Promise<void> {
    return Promise.reject(
      new Error(`${this.constructor.name} only goes forward: write a new migration that undoes it`),
    );
  }
}

/**
 * Brings the schema up to date. Processes that start together take turns by an advisory lock, and whoever comes
 * second finds nothing left to do. Backfills may take longer than a statement of a request may, so the statement
 * limit does not hold here.
 *
 * @returns the names of the migrations that this call ran, oldest first.
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  const schema = schemaOf(runner);
  try {
    await runner.query('SET statement_timeout = 0');
    await runner.query('SELECT pg_advisory_lock(hashtext($1), hashtext($2))', ['ostro.migrations', schema]);
    try {
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      const done = await executor.executePendingMigrations();
      return done.map(({ name }) => name);
    } finally {
      await runner.query('SELECT pg_advisory_unlock(hashtext($1), hashtext($2))', ['ostro.migrations', schema]);
      await runner.query('RESET statement_timeout');
    }
  } finally {
    await runner.release();
  }
}

/** The schema a service owns, from its transaction or migration. */
export function schemaOf(owner: Pick<QueryRunner | EntityManager, 'dataSource'>): string {
  return (owner.dataSource.options as { schema?: string }).schema ?? 'public';
}
