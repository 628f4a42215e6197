import { X509Certificate } from 'node:crypto';
import { parseId, type Id } from '@ostro/kernel';
import type { TlsIdentity } from '@ostro/pki';

type Listener = (identity: TlsIdentity) => void;

/** Who this node is, now: certificates are replaced while the agent runs, the node's id never changes. */
export class NodeIdentity {
  readonly nodeId: Id<'nod'>;
  #current: TlsIdentity;
  readonly #listeners: Listener[] = [];

  constructor(identity: TlsIdentity) {
    this.nodeId = parseId('nod', identity.name, 'the name in the node certificate');
    this.#current = identity;
  }

  get current(): TlsIdentity {
    return this.#current;
  }

  onRenewed(listener: Listener): void {
    this.#listeners.push(listener);
  }

  replace(identity: TlsIdentity): void {
    this.#current = identity;
    for (const listener of this.#listeners) listener(identity);
  }
}

export function isExpired(identity: TlsIdentity, now: Date): boolean {
  return now >= new X509Certificate(identity.tls.cert).validToDate;
}
