import { boolean, type Environment, hostPort, integer, list, path, type Read, readConfig, string } from '@ostro/config';
import { DomainError } from '@ostro/kernel';
import { processSettings } from '@ostro/service-host';

const DAY_MS = 24 * 3_600_000;
const MIB = 1_024 * 1_024;
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/;

/** Everything the gateway can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key; the certificate names the gateway group. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  /** Where clients call. */
  httpBind: read.defaulted('OSTRO_HTTP_BIND', hostPort(), { host: '127.0.0.1', port: 8080 }),
  /** Certificate and key of the public address, PEM. */
  httpCertificateFile: read.optional('OSTRO_HTTP_TLS_CERT_FILE', path()),
  httpKeyFile: read.optional('OSTRO_HTTP_TLS_KEY_FILE', path()),
  /** Keys in clear text on a network: only behind something that ends TLS. */
  insecureListen: read.defaulted('OSTRO_INSECURE_LISTEN', boolean(), false),
  /** Holds spool/ (money) and views/. */
  dataDir: read.required('OSTRO_DATA_DIR', path()),
  identityAddress: read.required('OSTRO_IDENTITY_ADDRESS', hostPort()),
  /** Woken for requests that wait; nothing that is ready depends on it. */
  schedulerAddress: read.required('OSTRO_SCHEDULER_ADDRESS', hostPort()),
  kafkaBrokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
  spoolMaxBytes: read.defaulted(
    'OSTRO_SPOOL_MAX_BYTES',
    integer({ min: 32 * MIB, max: 1_024 * 1_024 * MIB, unit: 'bytes' }),
    1_024 * MIB,
  ),
  /** Beyond this age of both channels of keys, requests are refused. */
  viewMaxAgeMs: read.defaulted('OSTRO_VIEW_MAX_AGE_MS', integer({ min: 5_000, max: 30 * DAY_MS, unit: 'ms' }), DAY_MS),
  /** How long a request waits for a place at a busy replica. */
  admissionWaitMs: read.defaulted('OSTRO_ADMISSION_WAIT_MS', integer({ min: 0, max: 55_000, unit: 'ms' }), 30_000),
  /** How long a request waits for a replica that is being started for it. */
  maxHoldMs: read.defaulted('OSTRO_MAX_HOLD_MS', integer({ min: 0, max: 55_000, unit: 'ms' }), 55_000),
  /** How long an answer may be silent before its replica is given up. */
  upstreamIdleMs: read.defaulted('OSTRO_UPSTREAM_IDLE_MS', integer({ min: 1_000, max: DAY_MS, unit: 'ms' }), 300_000),
});

export type GatewayConfig = ReturnType<typeof settings>;

/**
 * @throws DomainError FAILED_PRECONDITION: INVALID_CONFIGURATION; INSECURE_LISTEN for an address others can reach
 * without TLS.
 */
export function readGatewayConfig(env: Environment, warn: (message: string) => void = () => undefined): GatewayConfig {
  const config = readConfig(env, settings, { app: 'gateway', warn });
  const isEncrypted = config.httpCertificateFile !== undefined && config.httpKeyFile !== undefined;
  if (LOOPBACK.test(config.httpBind.host) || isEncrypted || config.insecureListen) return config;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'INSECURE_LISTEN',
    `OSTRO_HTTP_BIND=${config.httpBind.host}:${config.httpBind.port} would take API keys in clear text: set ` +
      'OSTRO_HTTP_TLS_CERT_FILE and OSTRO_HTTP_TLS_KEY_FILE, or OSTRO_INSECURE_LISTEN=true behind something that ends TLS',
  );
}
