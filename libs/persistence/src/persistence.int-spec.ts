import { DomainError } from '@ostro/kernel';
import { testPostgres, type TestPostgres } from '@ostro/testing';
import { Client } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import {
  afterCommit,
  createDataSource,
  createOwnerEpochTable,
  createRequestIdTable,
  currentEpoch,
  fingerprintOf,
  ForwardMigration,
  isUniqueViolation,
  onceByRequestId,
  provision,
  pruneRequestIds,
  raiseEpoch,
  runMigrations,
  TransactionRunner,
} from './index.ts';

class CreateShelf20261122120000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE shelves (id text CONSTRAINT shelves_pkey PRIMARY KEY, books int NOT NULL)');
    await createOwnerEpochTable(queryRunner);
    await createRequestIdTable(queryRunner);
  }
}

class AddSlowBackfill20261122130000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT pg_sleep(0.2)');
    await queryRunner.query('ALTER TABLE shelves ADD COLUMN label text');
  }
}

describe('persistence on PostgreSQL', () => {
  let postgres: TestPostgres;
  let adminUrl: string;
  let database: DataSource;
  let transactions: TransactionRunner;

  const urlOf = (role: string): string => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = `${role}-secret`;
    return url.toString();
  };
  const dataSourceOf = (role: string, statementTimeoutMs?: number): DataSource =>
    createDataSource({
      url: urlOf(role),
      schema: role,
      entities: [],
      migrations: [CreateShelf20261122120000, AddSlowBackfill20261122130000],
      poolSize: 8,
      applicationName: `test-${role}`,
      statementTimeoutMs,
    });
  const grants = ['library_a', 'library_b'].map((role) => ({ schema: role, role, password: `${role}-secret` }));

  beforeAll(async () => {
    postgres = await testPostgres();
    adminUrl = await postgres.createDatabase('persistence');
    await Promise.all([provision(adminUrl, grants), provision(adminUrl, grants)]);
    await provision(adminUrl, grants);
    database = await dataSourceOf('library_a').initialize();
    await runMigrations(database);
    transactions = new TransactionRunner(database);
  });

  afterAll(async () => {
    await database.destroy();
    await postgres.drop();
  });

  const insert = (tx: EntityManager, id: string, books = 0): Promise<unknown> =>
    tx.query('INSERT INTO shelves (id, books) VALUES ($1, $2)', [id, books]);
  const shelves = async (id: string): Promise<{ books: number }[]> =>
    database.query('SELECT books FROM shelves WHERE id = $1', [id]);

  describe('provisioning', () => {
    it.each([
      ['read another schema', 'SELECT * FROM library_a.shelves'],
      ['see the migrations of another schema', 'SELECT * FROM library_a.migrations'],
      ['create in the public schema', 'CREATE TABLE public.loot (id int)'],
      ['create a schema of its own choice', 'CREATE SCHEMA loot'],
      ['become the other role', 'SET ROLE library_a'],
      ['create a temporary table', 'CREATE TEMPORARY TABLE loot (id int)'],
    ])('lets no role %s', async (_what, statement) => {
      const client = new Client({ connectionString: urlOf('library_b') });
      await client.connect();
      try {
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
      } finally {
        await client.end();
      }
    });

    it('gives each role its own schema as search path', async () => {
      const client = new Client({ connectionString: urlOf('library_b') });
      await client.connect();
      try {
        expect((await client.query('SELECT current_schema() AS schema')).rows).toEqual([{ schema: 'library_b' }]);
      } finally {
        await client.end();
      }
    });

    it('refuses a name that would need quoting', async () => {
      await expect(
        provision(adminUrl, [{ schema: 'a"; DROP SCHEMA library_a; --', role: 'a', password: 'p' }]),
      ).rejects.toMatchObject({ reason: 'INVALID_SCHEMA_NAME' });
    });
  });

  describe('migrations', () => {
    it('run once each, in order, when several processes start together, and longer than a statement may', async () => {
      const starting = await Promise.all([1, 2, 3].map(() => dataSourceOf('library_b', 100).initialize()));
      try {
        const ran = await Promise.all(starting.map((source) => runMigrations(source)));
        expect(ran.flat()).toEqual(['CreateShelf20261122120000', 'AddSlowBackfill20261122130000']);
        // The limit is back once the migrations are done.
        await expect(starting[0]!.query('SELECT pg_sleep(5)')).rejects.toMatchObject({
          driverError: { code: '57014' },
        });
      } finally {
        await Promise.all(starting.map((source) => source.destroy()));
      }
    });

    it('only go forward', async () => {
      await expect(new CreateShelf20261122120000().down()).rejects.toThrow(/write a new migration/);
    });
  });

  describe('a transaction', () => {
    it('commits all or nothing, and runs its hooks only after a commit', async () => {
      const seen: string[] = [];
      await transactions.run(async (tx) => {
        afterCommit(tx, async () => {
          seen.push(`kept ${(await shelves('kept')).length}`);
        });
        await insert(tx, 'kept');
        expect(seen).toEqual([]);
      });
      const failing = transactions.run(async (tx) => {
        afterCommit(tx, () => void seen.push('lost'));
        await insert(tx, 'lost');
        throw new DomainError('FAILED_PRECONDITION', 'FULL', 'the shelf is full');
      });
      await expect(failing).rejects.toMatchObject({ reason: 'FULL' });
      expect(await shelves('lost')).toEqual([]);
      expect(seen).toEqual(['kept 1']);
    });

    it('gives its result although a hook failed, and reports the hook', async () => {
      const reported: unknown[] = [];
      const runner = new TransactionRunner(database, { onHookError: (error) => reported.push(error) });
      const failure = new Error('relay is gone');
      const result = await runner.run((tx) => {
        afterCommit(tx, () => Promise.reject(failure));
        return Promise.resolve('done');
      });
      expect([result, reported]).toEqual(['done', [failure]]);
    });

    it('at SERIALIZABLE runs again after a conflict, so that no increment is lost', async () => {
      await transactions.run((tx) => insert(tx, 'counter'));
      let runs = 0;
      const increment = (): Promise<void> =>
        transactions.run(
          async (tx) => {
            runs += 1;
            const [row] = (await tx.query(`SELECT books FROM shelves WHERE id = 'counter'`)) as { books: number }[];
            await tx.query(`UPDATE shelves SET books = $1 WHERE id = 'counter'`, [row!.books + 1]);
          },
          { isolation: 'SERIALIZABLE', attempts: 100 },
        );
      await Promise.all(Array.from({ length: 6 }, increment));
      expect(await shelves('counter')).toEqual([{ books: 6 }]);
      expect(runs).toBeGreaterThan(6);
    });

    it('gives up after its attempts and says that others kept winning', async () => {
      const delays: number[] = [];
      const sleep = async (ms: number): Promise<void> => void delays.push(ms);
      const runner = new TransactionRunner(database, { random: () => 1, sleep });
      const conflict = runner.run((tx) => tx.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`), {
        attempts: 4,
      });
      await expect(conflict).rejects.toMatchObject({ code: 'ABORTED', reason: 'TRANSACTION_CONFLICT' });
      expect(delays).toEqual([20, 40, 80]);
    });

    it('names a lost connection UNAVAILABLE', async () => {
      const lost = transactions.run((tx) => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'));
      await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
    });

    it('calls a text that cannot be stored INVALID_ARGUMENT, in a column and in jsonb', async () => {
      const refused = { code: 'INVALID_ARGUMENT', reason: 'TEXT_NOT_STORABLE' };
      const json = JSON.stringify({ name: 'a\u0000' });
      await expect(transactions.run((tx) => insert(tx, 'a\u0000'))).rejects.toMatchObject(refused);
      await expect(transactions.run((tx) => tx.query('SELECT $1::jsonb', [json]))).rejects.toMatchObject(refused);
    });

    it('lets a unique violation be told apart by its constraint', async () => {
      await transactions.run((tx) => insert(tx, 'twin'));
      const error: unknown = await transactions.run((tx) => insert(tx, 'twin')).catch((thrown: unknown) => thrown);
      expect(isUniqueViolation(error)).toBe(true);
      expect(isUniqueViolation(error, 'shelves_pkey')).toBe(true);
      expect(isUniqueViolation(error, 'another')).toBe(false);
    });
  });

  describe('the epoch', () => {
    it('begins with 1 and is raised past any that is known from outside', async () => {
      expect(await transactions.run(currentEpoch)).toBe(1n);
      expect(await transactions.run((tx) => raiseEpoch(tx))).toBe(2n);
      expect(await transactions.run((tx) => raiseEpoch(tx, 9n))).toBe(9n);
      expect(await transactions.run(currentEpoch)).toBe(9n);
    });
  });

  describe('a request id', () => {
    const create = (requestId: string, resourceId: string, about = 'x', organizationId = 'org_1') =>
      transactions.run((tx) =>
        onceByRequestId(
          tx,
          { scope: { organizationId, method: 'Library/CreateShelf' }, requestId, fingerprint: fingerprintOf(about) },
          async () => {
            await insert(tx, resourceId);
            return resourceId;
          },
        ),
      );

    it('creates once, however many repeat it at the same time', async () => {
      const results = await Promise.all(Array.from({ length: 6 }, (_, n) => create('r1', `once-${n}`)));
      expect(new Set(results.map(({ resourceId }) => resourceId)).size).toBe(1);
      expect(results.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      const rows: unknown[] = await database.query(`SELECT 1 FROM shelves WHERE id LIKE 'once-%'`);
      expect(rows).toHaveLength(1);
    });

    it('is refused for a different request', async () => {
      await create('r2', 'first', 'a');
      await expect(create('r2', 'second', 'b')).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
        reason: 'REQUEST_ID_REUSED',
      });
    });

    it('belongs to its organization', async () => {
      await create('r3', 'of-one');
      expect(await create('r3', 'of-two', 'x', 'org_2')).toEqual({ resourceId: 'of-two', isReplay: false });
    });

    it('is free again when the first attempt rolled back', async () => {
      await transactions.run((tx) => insert(tx, 'taken'));
      await expect(create('r4', 'taken')).rejects.toThrow();
      expect(await create('r4', 'free')).toEqual({ resourceId: 'free', isReplay: false });
    });

    it('creates each time when it is empty', async () => {
      await create('', 'e1');
      expect(await create('', 'e2')).toEqual({ resourceId: 'e2', isReplay: false });
    });

    it('is forgotten when pruned', async () => {
      await create('r5', 'old');
      expect(await transactions.run((tx) => pruneRequestIds(tx, new Date(Date.now() + 60_000)))).toBeGreaterThan(0);
      expect(await create('r5', 'new')).toEqual({ resourceId: 'new', isReplay: false });
    });
  });
});
