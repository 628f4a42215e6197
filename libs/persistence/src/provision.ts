import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import { Client } from 'pg';

export interface SchemaGrant {
  readonly schema: string;
  readonly role: string;
  readonly password: string;
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Gives each service a schema and a login role of its own in one database, and takes every other right away: a role
 * can neither read another's schema nor create anything outside its own. Running it again changes nothing but the
 * passwords, which become those given; several processes may run it at once.
 *
 * @throws DomainError INVALID_ARGUMENT (INVALID_SCHEMA_NAME) for a name that is no plain lower-case identifier.
 */
export async function provision(adminUrl: string, grants: readonly SchemaGrant[]): Promise<void> {
  for (const { schema, role } of grants) {
    assertName(schema);
    assertName(role);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await provisionAll(adminUrl, grants);
    } catch (error) {
      if (attempt >= 8 || !isCatalogueConflict(error)) throw error;
      await delay(Math.random() * 50 * attempt);
    }
  }
}

async function provisionAll(adminUrl: string, grants: readonly SchemaGrant[]): Promise<void> {
  const client = new Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('ostro.provision'))`);
    await closeDatabase(client);
    for (const grant of grants) await provisionOne(client, grant);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/**
 * Roles belong to the whole server while advisory locks belong to one database, so two databases that are provisioned
 * at once can meet in the shared catalogue. PostgreSQL tells the loser so by one of these codes.
 */
function isCatalogueConflict(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === '23505' || code === '42710' || (code === 'XX000' && /concurrently/.test(message ?? ''));
}

async function closeDatabase(client: Client): Promise<void> {
  const database = await currentDatabase(client);
  await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
}

async function provisionOne(client: Client, { schema, role, password }: SchemaGrant): Promise<void> {
  const database = await currentDatabase(client);
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(
    `${verb} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD ${client.escapeLiteral(password)}`,
  );
  // An administrator who is no superuser may hand a schema only to a role he is a member of.
  await client.query(`GRANT ${role} TO CURRENT_USER`);
  await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${role}`);
  await client.query(`ALTER SCHEMA ${schema} OWNER TO ${role}`);
  await client.query(`REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
  await client.query(`ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${schema}`);
}

async function currentDatabase(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
  return rows[0]!.name;
}

function assertName(name: string): void {
  if (NAME.test(name)) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_SCHEMA_NAME',
    `"${name}" cannot name a schema or role: use lower-case letters, digits and underscores, a letter first`,
    { details: { name } },
  );
}
