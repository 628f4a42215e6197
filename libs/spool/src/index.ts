export { Spool, type SpoolOptions, type SpoolPosition, type SpoolRecord, type SpoolStats } from './spool.ts';
export type { QuarantinedRange, RecoveryReport } from './recovery.ts';
