export { eventually, type EventuallyOptions } from './eventually.ts';
export { testKafka, type TestKafka } from './test-kafka.ts';
export { testPostgres, type TestPostgres } from './test-postgres.ts';
export { testCacheDir } from './testing.config.ts';
