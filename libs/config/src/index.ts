export {
  boolean,
  fraction,
  hostPort,
  type HostPort,
  integer,
  type Kind,
  list,
  oneOf,
  path,
  secret,
  string,
  type Unit,
  url,
} from './kind.ts';
export { type Environment, type Read, readConfig, type ReadOptions } from './read-config.ts';
export { describeConfig, listVariables, type Variable } from './describe-config.ts';
