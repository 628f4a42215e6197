export { type DataDirectoryLock, lockDataDirectory } from './data-directory-lock.ts';
export { type EmbeddedKafka, type KafkaOptions, startKafka } from './kafka.ts';
export { fetchPackagedModel, type PackagedModelOptions } from './packaged-model.ts';
export { type EmbeddedPostgres, type PostgresOptions, startPostgres } from './postgres.ts';
export type { OnProgress, Progress } from './progress.ts';
export { endRecordedProcess, recordProcess } from './recorded-process.ts';
export { reservePort } from './reserve-port.ts';
