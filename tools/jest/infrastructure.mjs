import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Safe for servers that live as long as a test run, and many times faster on a slow disk. */
const throwaway = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * One real PostgreSQL and one real Kafka for all tests of a run, or those that DATABASE_URL and KAFKA_BROKERS name.
 * Tests share them by databases and topics of their own. Jest's hooks run in one process, which this module's state
 * connects.
 */
let directory;
const starting = [];

export async function startInfrastructure() {
  process.env.OSTRO_TEST_CACHE_DIR = process.env.OSTRO_CACHE_DIR ?? join(homedir(), '.cache', 'ostro');
  directory = await mkdtemp(join(tmpdir(), 'ostro-test-'));
  const begun = performance.now();
  process.once('SIGINT', stopAndExit);
  process.once('SIGTERM', stopAndExit);
  try {
    await Promise.all([providePostgres(), provideKafka()]);
  } catch (error) {
    await stopInfrastructure();
    throw error;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stderr.write(`PostgreSQL and Kafka are ready after ${seconds} s\n`);
}

export async function stopInfrastructure() {
  process.off('SIGINT', stopAndExit);
  process.off('SIGTERM', stopAndExit);
  const started = await Promise.allSettled(starting.splice(0));
  await Promise.all(started.filter(({ status }) => status === 'fulfilled').map(({ value }) => value.stop()));
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}

async function providePostgres() {
  process.env.OSTRO_TEST_POSTGRES_URL =
    process.env.DATABASE_URL ?? (await start('startPostgres', { settings: throwaway })).adminUrl;
}

async function provideKafka() {
  const { OSTRO_TEST_CACHE_DIR: cacheDir, JAVA_HOME: javaHome, OSTRO_MAVEN_REPOSITORY: mavenRepository } = process.env;
  process.env.OSTRO_TEST_KAFKA_BROKERS =
    process.env.KAFKA_BROKERS ?? (await start('startKafka', { cacheDir, javaHome, mavenRepository })).brokers.join(',');
}

/** Remembers the start itself, so that an interrupt in the middle of it still stops what comes of it. */
function start(name, options) {
  const server = import('../../libs/embedded/dist/index.js').then((embedded) =>
    embedded[name]({ ...options, dataDir: join(directory, name) }),
  );
  starting.push(server);
  return server;
}

async function stopAndExit(signal) {
  await stopInfrastructure();
  process.exit(signal === 'SIGINT' ? 130 : 143);
}
