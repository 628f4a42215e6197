import { ServerCredentials } from '@grpc/grpc-js';
import { mutualTls, type TlsIdentity } from '@ostro/pki';

/**
 * TLS 1.3 with a client certificate of the cell. Only a server with a method for `anyone` lets a connection without a
 * good one pass the handshake; its calls then have no peer, so AccessControl keeps them out of everything else.
 */
export class CellServerCredentials extends ServerCredentials {
  constructor(identity: TlsIdentity, admitsAnyone: boolean) {
    const { ca, cert, key, minVersion } = mutualTls(identity);
    super({ requestCert: true, rejectUnauthorized: !admitsAnyone, minVersion }, { ca, cert, key });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
