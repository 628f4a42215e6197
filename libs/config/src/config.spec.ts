import { DomainError, Sensitive } from '@ostro/kernel';
import {
  boolean,
  describeConfig,
  type Environment,
  fraction,
  hostPort,
  integer,
  type Kind,
  list,
  listVariables,
  oneOf,
  path,
  type Read,
  readConfig,
  secret,
  string,
  url,
} from './index.ts';

const build = (read: Read) => ({
  listen: read.defaulted('OSTRO_GATEWAY_LISTEN', hostPort(), { host: '127.0.0.1', port: 8080 }),
  drainMs: read.defaulted('OSTRO_GATEWAY_DRAIN_MS', integer({ min: 0, max: 60_000, unit: 'ms' }), 5_000),
  database: read.required(
    'DATABASE_URL',
    url({ protocols: ['postgres', 'postgresql'], example: 'postgres://u:p@h/db' }),
  ),
  cellSecret: read.required('OSTRO_GATEWAY_CELL_SECRET', secret({ minLength: 8, example: 'change-me-now' })),
  otlp: read.optional('OSTRO_OTLP_URL', url()),
  log: { level: read.defaulted('OSTRO_LOG_LEVEL', oneOf('info', 'debug'), 'info') },
});

const complete: Environment = {
  DATABASE_URL: 'postgres://ostro:hunter2@db:5432/ostro',
  OSTRO_GATEWAY_CELL_SECRET: 'correct horse',
};

function read(env: Environment, warn: (message: string) => void = () => undefined) {
  return readConfig(env, build, { app: 'gateway', warn });
}

function failure(env: Environment): DomainError {
  try {
    read(env);
  } catch (error) {
    if (error instanceof DomainError) return error;
  }
  throw new Error('the configuration was accepted');
}

describe('readConfig', () => {
  it('gives typed values, defaults included, that nobody can change', () => {
    const config = read({ ...complete, OSTRO_GATEWAY_LISTEN: '[::1]:0', OSTRO_GATEWAY_DRAIN_MS: '250' });
    expect(config.listen).toEqual({ host: '::1', port: 0 });
    expect(config.drainMs).toBe(250);
    expect(config.otlp).toBeUndefined();
    expect(() => Object.assign(config.log, { level: 'debug' })).toThrow(TypeError);
  });

  it('reports every problem at once, with the variable, what is wrong and an example', () => {
    const error = failure({ OSTRO_GATEWAY_DRAIN_MS: '5s', OSTRO_GATEWAY_CELL_SECRET: 'short' });
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'INVALID_CONFIGURATION' });
    expect(error.message).toContain('OSTRO_GATEWAY_DRAIN_MS must be a whole number from 0 to 60000 (ms)');
    expect(error.message).toContain('DATABASE_URL is not set');
    expect(error.message).toContain('Example: DATABASE_URL=postgres://u:p@h/db');
    expect(Object.keys(error.details)).toHaveLength(3);
  });

  it('never repeats a wrong value: it may be a secret in the wrong place', () => {
    expect(failure({ ...complete, OSTRO_GATEWAY_CELL_SECRET: 'hunter2' }).message).not.toContain('hunter2');
    expect(failure({ ...complete, DATABASE_URL: 'mysql://a:hunter2@b' }).message).not.toContain('hunter2');
  });

  it('takes an empty variable as not set, and a wrong value is no reason to use the default', () => {
    expect(read({ ...complete, OSTRO_LOG_LEVEL: '' }).log.level).toBe('info');
    expect(failure({ ...complete, OSTRO_LOG_LEVEL: 'loud' }).message).toContain('one of info, debug');
  });

  it('names the likely variable for one that nothing reads, and leaves other apps alone', () => {
    const warnings: string[] = [];
    read({ ...complete, OSTRO_GATEWAY_DRIAN_MS: '1', OSTRO_BILLING_DRAIN_MS: '1' }, (message) =>
      warnings.push(message),
    );
    expect(warnings).toEqual([
      'OSTRO_GATEWAY_DRIAN_MS is set but nothing reads it; did you mean OSTRO_GATEWAY_DRAIN_MS?',
    ]);
  });

  it('prefers the problems to an error that follows from them', () => {
    const trips = (r: Read) => ({ upper: r.required('OSTRO_API_NAME', string()).toUpperCase() });
    expect(() => readConfig({}, trips, { app: 'api', warn: () => undefined })).toThrow(/OSTRO_API_NAME is not set/);
  });

  it('refuses a quantity whose name does not say its unit', () => {
    const bad = (r: Read) => ({ wait: r.optional('OSTRO_API_WAIT', integer({ min: 0, max: 9, unit: 'seconds' })) });
    expect(() => readConfig({}, bad, { app: 'api', warn: () => undefined })).toThrow(
      'OSTRO_API_WAIT is read in seconds',
    );
  });
});

describe('kinds', () => {
  const accepted: [string, Kind<unknown>, string, unknown][] = [
    ['integer', integer({ min: -5, max: 10 }), '-5', -5],
    ['boolean', boolean(), '0', false],
    ['fraction', fraction(), '0.25', 0.25],
    ['list', list(integer({ min: 0, max: 9 })), '1, 2,3', [1, 2, 3]],
    ['host and port', hostPort(), 'db.internal:5432', { host: 'db.internal', port: 5432 }],
    ['path', path(), './data', './data'],
    ['pattern', string({ pattern: /^[a-z]+$/ }), 'abc', 'abc'],
  ];
  it.each(accepted)('%s accepts %#', (_, kind, text, value) => expect(kind.parse(text)).toEqual(value));

  const refused: [string, Kind<unknown>, string][] = [
    ['integer below min', integer({ min: 1, max: 9 }), '0'],
    ['integer above max', integer({ min: 1, max: 9 }), '10'],
    ['integer with decimals', integer({ min: 1, max: 9 }), '1.0'],
    ['integer in hex', integer({ min: 0, max: 99 }), '0x10'],
    ['boolean in another word', boolean(), 'yes'],
    ['fraction above one', fraction(), '1.1'],
    ['url without protocol', url(), 'localhost:80'],
    ['host and port beyond 65535', hostPort(), 'a:65536'],
    ['bare IPv6', hostPort(), '::1:80'],
    ['list with a hole', list(string()), 'a,,b'],
    ['list with a wrong item', list(boolean()), 'true,maybe'],
    ['path with NUL', path(), 'a\0b'],
    ['pattern', string({ pattern: /^[a-z]+$/ }), 'ABC'],
  ];
  it.each(refused)('%s is refused', (_, kind, text) => expect(kind.parse(text)).toBeUndefined());
});

describe('describeConfig', () => {
  it('shows values by path and hides secrets and passwords', () => {
    const text = describeConfig({ ...read(complete), peers: ['http://a:b@c'], key: new Sensitive('k') });
    expect(text).toContain('listen.port = 8080');
    expect(text).toContain('otlp = (not set)');
    expect(text).toContain('database = postgres://ostro:[redacted]@db:5432/ostro');
    expect(text).toContain('cellSecret = [redacted]');
    expect(text).toContain('peers = "http://a:[redacted]@c"');
  });
});

describe('listVariables', () => {
  it('names what is read, in order, without an environment', () => {
    expect(listVariables(build).map(({ name, need, fallback }) => [name, need, fallback])).toEqual([
      ['OSTRO_GATEWAY_LISTEN', 'defaulted', '{"host":"127.0.0.1","port":8080}'],
      ['OSTRO_GATEWAY_DRAIN_MS', 'defaulted', '5000'],
      ['DATABASE_URL', 'required', undefined],
      ['OSTRO_GATEWAY_CELL_SECRET', 'required', undefined],
      ['OSTRO_OTLP_URL', 'optional', undefined],
      ['OSTRO_LOG_LEVEL', 'defaulted', '"info"'],
    ]);
  });
});
