import { parseArgs } from 'node:util';
import { type Environment, hostPort, list, path, type Read, readConfig, secret, string, url } from '@ostro/config';
import { DomainError } from '@ostro/kernel';

const brokers = (read: Read) => read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' })));
const password = () => secret({ minLength: 12, example: '<twelve characters or more>' });

/** What each command reads from the environment. */
export const operatorSettings = {
  prepare: (read: Read) => ({
    cellId: read.defaulted('OSTRO_CELL_ID', string(), 'cell-1'),
    trustDomain: read.defaulted('OSTRO_TRUST_DOMAIN', string(), 'ostro.local'),
    /** May create roles and schemas in the database it names. */
    adminUrl: read.required('OSTRO_DATABASE_ADMIN_URL', url({ protocols: ['postgres', 'postgresql'] })),
    passwords: {
      identity: read.required('OSTRO_IDENTITY_DATABASE_PASSWORD', password()),
      registry: read.required('OSTRO_REGISTRY_DATABASE_PASSWORD', password()),
      scheduler: read.required('OSTRO_SCHEDULER_DATABASE_PASSWORD', password()),
      billing: read.required('OSTRO_BILLING_DATABASE_PASSWORD', password()),
    },
    brokers: brokers(read),
    /** Receives one folder a service; `identity/ca.key` in it is the one file to back up. */
    identitiesDir: read.required('OSTRO_IDENTITIES_DIR', path()),
    dnsSuffixes: read.defaulted('OSTRO_DNS_SUFFIXES', list(string({ example: 'ostro.svc' })), []),
  }),
  topics: (read: Read) => ({ brokers: brokers(read) }),
  /** For the commands that ask a running identity. */
  identity: (read: Read) => ({
    identitiesDir: read.required('OSTRO_IDENTITIES_DIR', path()),
    identityAddress: read.required('OSTRO_IDENTITY_ADDRESS', hostPort()),
  }),
};

export type PrepareConfig = ReturnType<typeof operatorSettings.prepare>;
export type TopicsConfig = ReturnType<typeof operatorSettings.topics>;
export type IdentityConfig = ReturnType<typeof operatorSettings.identity>;

export interface JoinTokenOptions {
  readonly organizationId: string;
  readonly siteId: string;
  readonly country: string;
  readonly operator: string;
  readonly certifications: readonly string[];
  readonly ttlSeconds: bigint;
  /** Receives `join-token` and `cell-ca.pem`. */
  readonly outDir: string;
}

/** One thing that was asked for, with all it needs to be done. */
export type OperatorCommand =
  | { readonly name: 'prepare'; readonly config: PrepareConfig }
  | { readonly name: 'topics'; readonly config: TopicsConfig }
  | { readonly name: 'create-organization'; readonly config: IdentityConfig; readonly organization: string }
  | { readonly name: 'join-token'; readonly config: IdentityConfig; readonly options: JoinTokenOptions };

const USAGE = `usage: operator COMMAND

  prepare                       schemas with their roles, topics and certificates of a cell; safe to run again
  topics                        only the topics
  create-organization NAME      an organization with its default project and its owner's first key
  join-token --organization ID --site SITE --country CC --out DIR [--operator NAME] [--certification NAME]...
             [--ttl-seconds N]  lets one node join: writes join-token and cell-ca.pem into DIR

Settings come from environment variables; a command that misses some names them all.`;

/** @throws DomainError INVALID_ARGUMENT (USAGE) with the manual; FAILED_PRECONDITION naming missing variables. */
export function readOperatorCommand(argv: readonly string[], env: Environment = process.env): OperatorCommand {
  const { values, positionals } = parse(argv);
  const [name, ...rest] = positionals;
  const read = <T extends object>(build: (read: Read) => T) =>
    readConfig(env, build, { app: 'operator', warn: (message) => process.stderr.write(`operator: ${message}\n`) });
  if (name === 'prepare' && rest.length === 0) return { name, config: read(operatorSettings.prepare) };
  if (name === 'topics' && rest.length === 0) return { name, config: read(operatorSettings.topics) };
  if (name === 'create-organization' && rest.length === 1) {
    return { name, config: read(operatorSettings.identity), organization: rest[0]! };
  }
  if (name === 'join-token' && rest.length === 0) {
    return { name, options: joinTokenOptions(values), config: read(operatorSettings.identity) };
  }
  throw usage(USAGE);
}

function joinTokenOptions(values: ReturnType<typeof parse>['values']): JoinTokenOptions {
  const required = (flag: 'organization' | 'site' | 'country' | 'out') => {
    const value = values[flag];
    if (value === undefined) throw usage(`--${flag} is missing\n\n${USAGE}`);
    return value;
  };
  const ttl = values['ttl-seconds'] ?? '900';
  if (!/^[1-9][0-9]{0,6}$/.test(ttl)) throw usage(`--ttl-seconds must be a whole number of seconds, not "${ttl}"`);
  return {
    organizationId: required('organization'),
    siteId: required('site'),
    country: required('country'),
    operator: values.operator ?? '',
    certifications: values.certification ?? [],
    ttlSeconds: BigInt(ttl),
    outDir: required('out'),
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        organization: text,
        site: text,
        country: text,
        operator: text,
        certification: { type: 'string', multiple: true },
        'ttl-seconds': text,
        out: text,
      },
    });
  } catch (error) {
    throw usage(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function usage(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'USAGE', message);
}
