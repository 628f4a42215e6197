import { fileURLToPath } from 'node:url';
import { hostPort, integer, list, path, type Read, string, url } from '@ostro/config';
import { processSettings } from '@ostro/service-host';

const ANY_PORT = { host: '127.0.0.1', port: 0 };
const DEFAULT_PRICE_BOOK = fileURLToPath(new URL('../price-book.yaml', import.meta.url));

/** Everything billing can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key of this service. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  grpcBind: read.defaulted('OSTRO_GRPC_BIND', hostPort(), ANY_PORT),
  databaseUrl: read.required('OSTRO_DATABASE_URL', url({ protocols: ['postgres', 'postgresql'] })),
  kafkaBrokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
  /** Name of the consumer group; another one for a second installation on the same Kafka. */
  consumerGroup: read.defaulted('OSTRO_CONSUMER_GROUP', string(), 'billing.usage'),
  priceBookFile: read.defaulted('OSTRO_PRICE_BOOK_FILE', path(), DEFAULT_PRICE_BOOK),
  /** How often what waits for a witness or a gateway is looked at again. */
  sweepIntervalMs: read.defaulted(
    'OSTRO_SETTLEMENT_SWEEP_INTERVAL_MS',
    integer({ min: 10, max: 600_000, unit: 'ms' }),
    2_000,
  ),
});

export type BillingConfig = ReturnType<typeof settings>;
