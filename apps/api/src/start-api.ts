import { readConfig } from '@ostro/config';
import { loadTlsIdentity } from '@ostro/pki';
import type { Running, Service, ServiceContext } from '@ostro/service-host';
import { type ApiConfig, settings } from './api.config.ts';
import { ApiModule } from './api.module.ts';
import { Grants } from './callers/grants.ts';
import { BlobUploads } from './clients/blob-uploads.ts';
import { ControlPlane } from './clients/control-plane.ts';
import { startHttpServer } from './http/http-server.ts';
import { GatewayAddress } from './identity/whoami.http.ts';
import { docsPage } from './openapi/docs-page.ts';
import { SelfDescription } from './openapi/docs.http.ts';
import { openApiDocument } from './openapi/document.ts';

/** The management API: REST over the four control services. It owns nothing and keeps nothing but tokens. */
export const api: Service<ApiConfig> = {
  name: 'api',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'api', warn }),
  start,
};

async function start(config: ApiConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const identity = await loadTlsIdentity(config.tlsDir);
  const control = new ControlPlane(
    {
      identity: config.identityAddress,
      registry: config.registryAddress,
      scheduler: config.schedulerAddress,
      billing: config.billingAddress,
    },
    identity,
  );
  opened.defer(() => control.close());
  const uploads = new BlobUploads(config.registryBlobUrl, identity);
  opened.defer(() => uploads.close());
  const document = openApiDocument();
  const parts = {
    control,
    uploads,
    grants: new Grants(control.identity, context.clock),
    gateway: new GatewayAddress(config.gatewayUrl),
    self: new SelfDescription(document, docsPage(document)),
  };
  const server = await startHttpServer(ApiModule.of(parts), config.httpBind, context);
  opened.defer(() => server.close());

  const running = opened.move();
  return {
    addresses: { http: `${config.httpBind.host}:${server.port}` },
    stop: () => running.disposeAsync(),
  };
}
