import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { postgresUrl } from './testing.config.ts';

export interface TestPostgres {
  /** Superuser URL of the run's server. */
  readonly adminUrl: string;
  /** A new empty database under a name that no other suite has; the URL to connect to it. */
  createDatabase(name?: string): Promise<string>;
  /** Drops every database made here, open connections included. For `afterAll`. */
  drop(): Promise<void>;
}

/** The run's real PostgreSQL, with databases that belong to the calling suite alone. */
export async function testPostgres(): Promise<TestPostgres> {
  const adminUrl = postgresUrl();
  await execute(adminUrl, 'select 1');
  const created: string[] = [];
  return {
    adminUrl,
    createDatabase: async (name = 'test') => {
      const database = `${name
        .toLowerCase()
        .replaceAll(/[^a-z0-9_]/g, '_')
        .slice(0, 40)}_${randomBytes(6).toString('hex')}`;
      await execute(adminUrl, `create database ${pg.escapeIdentifier(database)}`);
      created.push(database);
      return urlOf(adminUrl, database);
    },
    drop: async () => {
      for (const database of created.splice(0)) {
        await execute(adminUrl, `drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
      }
    },
  };
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
