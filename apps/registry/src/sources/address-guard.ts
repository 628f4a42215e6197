import { type LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { DomainError } from '@ostro/kernel';
import { isPublicAddress } from './public-address.ts';

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/**
 * Says which addresses an import may connect to: public ones, and whatever hosts the operator named. It resolves, checks
 * and hands out the checked addresses in one step, so that a name cannot mean one address when it is checked and
 * another when it is used.
 */
export class AddressGuard {
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #resolve: Resolve;

  constructor(
    allowedHosts: readonly string[],
    resolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true }),
  ) {
    this.#allowedHosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
    this.#resolve = resolve;
  }

  /** To be asked about each URL: a host that is an address already is never resolved. */
  assertAllowed({ hostname }: URL): void {
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.#isAllowed(host, host)) throw refused(host);
  }

  /** A `lookup` for connections: one bad address among several refuses them all. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#checked(hostname).then(
      (addresses) => {
        if (options.all) callback(null, [...addresses]);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };

  async #checked(hostname: string): Promise<readonly LookupAddress[]> {
    const addresses = await this.#resolve(hostname);
    if (addresses.every(({ address }) => this.#isAllowed(hostname, address))) return addresses;
    throw refused(hostname);
  }

  #isAllowed(host: string, address: string): boolean {
    return isPublicAddress(address) || this.#allowedHosts.has(host.toLowerCase());
  }
}

function refused(host: string): DomainError {
  return new DomainError(
    'PERMISSION_DENIED',
    'ADDRESS_NOT_ALLOWED',
    `${host} is not on the public Internet; the operator can allow it with OSTRO_IMPORT_ALLOWED_HOSTS`,
    { details: { host } },
  );
}
