import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { BillingHttp } from './billing/billing.http.ts';
import type { Grants } from './callers/grants.ts';
import { KeyGuard } from './callers/key.guard.ts';
import type { BlobUploads } from './clients/blob-uploads.ts';
import type { ControlPlane } from './clients/control-plane.ts';
import { KeysHttp } from './identity/keys.http.ts';
import { OrganizationsHttp } from './identity/organizations.http.ts';
import { type GatewayAddress, WhoamiHttp } from './identity/whoami.http.ts';
import { DocsHttp, type SelfDescription } from './openapi/docs.http.ts';
import { ImportsHttp } from './registry/imports.http.ts';
import { ModelsHttp } from './registry/models.http.ts';
import { DeploymentsHttp } from './scheduling/deployments.http.ts';
import { EndpointsHttp } from './scheduling/endpoints.http.ts';
import { NodesHttp } from './scheduling/nodes.http.ts';

/** Every part of the management API; the OpenAPI document is read from them. */
export const MANAGEMENT = [
  WhoamiHttp,
  OrganizationsHttp,
  KeysHttp,
  ModelsHttp,
  ImportsHttp,
  DeploymentsHttp,
  EndpointsHttp,
  NodesHttp,
  BillingHttp,
];

/** What the api is built on. */
export interface ApiParts {
  readonly control: ControlPlane;
  readonly uploads: BlobUploads;
  readonly grants: Grants;
  readonly gateway: GatewayAddress;
  readonly self: SelfDescription;
}

@Module({})
export class ApiModule {
  static of({ control, uploads, grants, gateway, self }: ApiParts): DynamicModule {
    const provided = [control, uploads, grants, gateway, self];
    return {
      module: ApiModule,
      controllers: [...MANAGEMENT, DocsHttp],
      providers: [
        ...provided.map((instance) => ({ provide: instance.constructor, useValue: instance })),
        { provide: APP_GUARD, useClass: KeyGuard },
      ],
    };
  }
}
