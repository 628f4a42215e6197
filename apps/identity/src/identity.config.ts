import { hostPort, integer, list, path, type Read, string, url } from '@ostro/config';
import { processSettings } from '@ostro/service-host';

const ANY_PORT = { host: '127.0.0.1', port: 0 };
const WEEK_SECONDS = 7 * 24 * 3_600;

/** Everything identity can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key of this service. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  /** Folder with ca.pem and ca.key of the cell's authority. */
  authorityDir: read.required('OSTRO_CA_DIR', path()),
  grpcBind: read.defaulted('OSTRO_GRPC_BIND', hostPort(), ANY_PORT),
  /** For nodes that have no certificate yet: it answers EnrolNode and nothing else. */
  enrolmentBind: read.defaulted('OSTRO_ENROLMENT_BIND', hostPort(), ANY_PORT),
  databaseUrl: read.required('OSTRO_DATABASE_URL', url({ protocols: ['postgres', 'postgresql'] })),
  kafkaBrokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
  /** Long enough for a site to survive a long outage of the control plane; nodes renew at a third. */
  nodeCertificateTtlSeconds: read.defaulted(
    'OSTRO_NODE_CERTIFICATE_TTL_SECONDS',
    integer({ min: 60, max: 90 * 24 * 3_600, unit: 'seconds' }),
    WEEK_SECONDS,
  ),
});

export type IdentityConfig = ReturnType<typeof settings>;
