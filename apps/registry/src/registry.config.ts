import { hostPort, integer, list, path, type Read, secret, string, url } from '@ostro/config';
import { processSettings } from '@ostro/service-host';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Everything the registry can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key of this service. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  grpcBind: read.defaulted('OSTRO_GRPC_BIND', hostPort(), ANY_PORT),
  databaseUrl: read.required('OSTRO_DATABASE_URL', url({ protocols: ['postgres', 'postgresql'] })),
  kafkaBrokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
  /** Where uploads arrive and blobs are read, by HTTP over mTLS. */
  blobBind: read.defaulted('OSTRO_BLOB_BIND', hostPort(), ANY_PORT),
  /** Folder of blobs and unfinished imports; for one registry process alone. */
  blobDir: read.required('OSTRO_BLOB_DIR', path()),
  /** Hugging Face or a mirror of it; its host may be a private one. */
  huggingFaceUrl: read.defaulted('OSTRO_HUGGING_FACE_URL', url({ protocols: ['https'] }), 'https://huggingface.co'),
  /** For gated repositories; sent to the host of OSTRO_HUGGING_FACE_URL and nowhere else. */
  huggingFaceToken: read.optional('OSTRO_HUGGING_FACE_TOKEN', secret()),
  /** Hosts that imports may reach although their addresses are private. */
  importAllowedHosts: read.defaulted('OSTRO_IMPORT_ALLOWED_HOSTS', list(string({ example: 'models.corp' })), []),
  /** Further authorities for import sources, as PEM, beside the system's. */
  importCaFile: read.optional('OSTRO_IMPORT_CA_FILE', path()),
  /** Folder with the models that come with this installation; absent: there are none. */
  packagedModelDir: read.optional('OSTRO_PACKAGED_MODEL_DIR', path()),
  /** How long an import of a registry that died waits for another to go on with it. */
  importLeaseMs: read.defaulted('OSTRO_IMPORT_LEASE_MS', integer({ min: 500, max: 600_000, unit: 'ms' }), 15_000),
});

export type RegistryConfig = ReturnType<typeof settings>;
