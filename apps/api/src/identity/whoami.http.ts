import { Controller, Get } from '@nestjs/common';
import { By, type Caller } from '../callers/caller.ts';
import { Operation } from '../http/operation.ts';
import { whoami } from './identity.views.ts';

/** Where clients of this cell send inference requests. */
export class GatewayAddress {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

/** What the key at hand is, so that a client can show it and find the gateway. */
@Controller('v1/whoami')
export class WhoamiHttp {
  readonly #gateway: GatewayAddress;

  constructor(gateway: GatewayAddress) {
    this.#gateway = gateway;
  }

  @Get()
  @Operation(undefined, 'whoami', 'Who the key acts for, and what it may do', { answers: whoami })
  async whoami(@By() { grant }: Caller) {
    const { organizationId, projectId, principalId, keyId, permissions } = grant;
    return { organizationId, projectId, principalId, keyId, permissions, gatewayUrl: this.#gateway.url };
  }
}
