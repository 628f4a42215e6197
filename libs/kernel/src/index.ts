export { type Clock, systemClock, manualClock, type ManualClock } from './clock.ts';
export { DomainError, isDomainError, type ErrorCode, type ErrorDetails } from './domain-error.ts';
export {
  type Id,
  type IdPrefix,
  type IdSource,
  idSource,
  isId,
  parseId,
  timestampOf,
  randomIds,
  seededIds,
} from './id.ts';
export { type Interval, contains, interval, overlaps } from './interval.ts';
export { Money } from './money.ts';
export { SeededRandom } from './seeded-random.ts';
export { Sensitive } from './sensitive.ts';
export { type Generation, compareGenerations, isNewer } from './generation.ts';
