import { homedir } from 'node:os';
import { join } from 'node:path';

/** Set by the jest hooks in tools/jest before any suite runs. */
export function postgresUrl(): string {
  return required('OSTRO_TEST_POSTGRES_URL');
}

export function kafkaBrokers(): string[] {
  return required('OSTRO_TEST_KAFKA_BROKERS').split(',');
}

/** Where downloads are kept between runs: jars, models. Benchmarks run without jest and share its default. */
export function testCacheDir(): string {
  return process.env['OSTRO_TEST_CACHE_DIR'] ?? join(homedir(), '.cache', 'ostro');
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set: run this suite in jest's int or system ring, whose setup starts real servers`);
}
