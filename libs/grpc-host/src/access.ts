import type { Metadata, ServiceDefinition } from '@grpc/grpc-js';
import { type Clock, DomainError } from '@ostro/kernel';
import { AccessTokenVerifier, type Peer, peerOf } from '@ostro/pki';
import type { Caller } from './caller.ts';

/** Who may call a method: the peer by its certificate and the permission by its token must both fit. */
export interface MethodAccess {
  /** Service names, `node` for any node, `gateway` for any gateway, `anyone` for peers without a certificate too. */
  readonly peers: readonly string[];
  /** Empty: the peer acts on its own right. */
  readonly permission: string;
}

/** By full method path. */
export type AccessTable = Readonly<Record<string, MethodAccess>>;

const INFRASTRUCTURE = /^\/(grpc\.health\.v1\.Health|grpc\.reflection\.v1(alpha)?\.ServerReflection)\//;

/**
 * Decides every call of a server, deny by default. Health and reflection are open to the cell's services; probes of
 * an orchestrator, which hold no certificate, ask /readyz.
 */
export class AccessControl {
  readonly #table: AccessTable;
  readonly #tokens: AccessTokenVerifier;

  /** @throws DomainError FAILED_PRECONDITION (METHOD_WITHOUT_ACCESS): such a method could never be called. */
  constructor(
    table: AccessTable,
    services: readonly ServiceDefinition[],
    trust: { caPem: string; clock: Pick<Clock, 'now'> },
  ) {
    const paths = services.flatMap((service) => Object.values(service).map(({ path }) => path));
    const missing = paths.filter((path) => !table[path]);
    if (missing.length > 0) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'METHOD_WITHOUT_ACCESS',
        `nobody may call ${missing.join(', ')}: declare (ostro.access.v1.access) in the proto and generate again`,
      );
    }
    this.#table = Object.fromEntries(paths.map((path) => [path, table[path]!]));
    this.#tokens = new AccessTokenVerifier(trust.caPem, trust.clock);
  }

  /** Whether some method is for peers that have no certificate yet, so that TLS must let them in. */
  get admitsAnyone(): boolean {
    return Object.values(this.#table).some(({ peers }) => peers.includes('anyone'));
  }

  /**
   * `certificate` is one that TLS has accepted; grpc-js hands on no other.
   *
   * @throws DomainError UNAUTHENTICATED for a missing certificate, a missing or bad token, PERMISSION_DENIED
   * for a peer or principal that may not.
   */
  async admit(path: string, metadata: Metadata, certificate: Uint8Array | undefined): Promise<Caller> {
    const access = this.#accessOf(path);
    const peer = certificate && peerOf(certificate);
    if (!access || !access.peers.some((allowed) => matches(peer, allowed))) throw peerRefused(path, peer);
    const token = bearer(metadata);
    const claims = token === undefined ? undefined : await this.#tokens.verify(token);
    if (access.permission !== '') {
      if (!claims) {
        throw new DomainError(
          'UNAUTHENTICATED',
          'TOKEN_REQUIRED',
          `${path} needs an access token with ${access.permission}`,
        );
      }
      if (!claims.permissions.includes(access.permission)) throw permissionMissing(access.permission);
    }
    return { ...(peer && { peer }), ...(claims && { claims }) };
  }

  #accessOf(path: string): MethodAccess | undefined {
    if (Object.hasOwn(this.#table, path)) return this.#table[path];
    return INFRASTRUCTURE.test(path) ? { peers: ['service'], permission: '' } : undefined;
  }
}

function matches(peer: Peer | undefined, allowed: string): boolean {
  if (allowed === 'anyone') return true;
  if (allowed === 'node' || allowed === 'gateway' || allowed === 'service') return peer?.kind === allowed;
  return peer?.kind === 'service' && peer.name === allowed;
}

function bearer(metadata: Metadata): string | undefined {
  const value = metadata.get('authorization')[0];
  return typeof value === 'string' ? value.replace(/^bearer /i, '') : undefined;
}

function peerRefused(path: string, peer: Peer | undefined): DomainError {
  if (!peer) {
    return new DomainError(
      'UNAUTHENTICATED',
      'CERTIFICATE_REQUIRED',
      `${path} needs a client certificate of this cell`,
    );
  }
  return new DomainError('PERMISSION_DENIED', 'PEER_NOT_ALLOWED', `${peer.kind} ${peer.name} may not call ${path}`, {
    details: { peer: `${peer.kind}/${peer.name}` },
  });
}

function permissionMissing(permission: string): DomainError {
  return new DomainError(
    'PERMISSION_DENIED',
    'PERMISSION_MISSING',
    `this needs the permission ${permission}; use a key that has it or ask an owner of the organization`,
    { details: { permission } },
  );
}
