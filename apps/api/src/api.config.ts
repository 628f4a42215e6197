import { hostPort, path, type Read, string, url } from '@ostro/config';
import { processSettings } from '@ostro/service-host';

const address = () => string({ example: '127.0.0.1:9001' });

/** Everything the api can be told; the README explains each variable. */
export const settings = (read: Read) => ({
  process: processSettings(read),
  /** Folder with ca.pem, tls.pem, tls.key, signing.pem and signing.key of this service. */
  tlsDir: read.required('OSTRO_TLS_DIR', path()),
  httpBind: read.defaulted('OSTRO_HTTP_BIND', hostPort(), { host: '127.0.0.1', port: 8081 }),
  identityAddress: read.required('OSTRO_IDENTITY_ADDRESS', address()),
  registryAddress: read.required('OSTRO_REGISTRY_ADDRESS', address()),
  schedulerAddress: read.required('OSTRO_SCHEDULER_ADDRESS', address()),
  billingAddress: read.required('OSTRO_BILLING_ADDRESS', address()),
  /** Where the registry takes the bytes of uploads. */
  registryBlobUrl: read.required('OSTRO_REGISTRY_BLOB_URL', url({ protocols: ['https'] })),
  /** Told to clients by /v1/whoami; the api itself never calls it. */
  gatewayUrl: read.required('OSTRO_GATEWAY_URL', url({ protocols: ['http', 'https'] })),
});

export type ApiConfig = ReturnType<typeof settings>;
