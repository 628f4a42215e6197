import { hostPort, integer, list, path, type Read, string, url } from '@ostro/config';
import { processSettings } from '@ostro/service-host';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Everything the scheduler can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key of this service. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  grpcBind: read.defaulted('OSTRO_GRPC_BIND', hostPort(), ANY_PORT),
  databaseUrl: read.required('OSTRO_DATABASE_URL', url({ protocols: ['postgres', 'postgresql'] })),
  kafkaBrokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
  registryAddress: read.required('OSTRO_REGISTRY_ADDRESS', hostPort()),
  identityAddress: read.required('OSTRO_IDENTITY_ADDRESS', hostPort()),
  /** Where agents read weights: goes into every desired state. */
  registryBlobUrl: read.required('OSTRO_REGISTRY_BLOB_URL', url({ protocols: ['https'] })),
  /** YAML file with filters and weighted scorers; absent: the default of @ostro/placement. */
  placementProfileFile: read.optional('OSTRO_PLACEMENT_PROFILE', path({ example: './profile.yaml' })),
  /** Gateway groups whose requests agents accept. */
  gatewayGroups: read.defaulted('OSTRO_GATEWAY_GROUPS', list(string({ example: 'default' })), ['default']),
  /** How long a node may be silent before its replicas are placed elsewhere. */
  nodeDeadAfterMs: read.defaulted(
    'OSTRO_NODE_DEAD_AFTER_MS',
    integer({ min: 1_000, max: 3_600_000, unit: 'ms' }),
    15_000,
  ),
});

export type SchedulerConfig = ReturnType<typeof settings>;
