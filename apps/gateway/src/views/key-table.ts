import { isNewer } from '@ostro/kernel';
import type { KnownKey } from '../domain/authenticate.ts';
import { digestOf } from './key-record.ts';
import type { View } from './view.ts';

/** A key's record as it came by the second channel. */
export interface Revocation {
  readonly digest: string;
  readonly key: KnownKey;
}

/**
 * The keys as two channels tell them: the topic, and identity's own stream of keys that lost rights. Of two records
 * the newer one counts, so a right that was taken away by either is gone.
 */
export class KeyTable {
  readonly #view: View<KnownKey>;
  readonly #revoked = new Map<string, KnownKey>();
  readonly #onCompromised: (keyId: string) => void;

  constructor(view: View<KnownKey>, onCompromised: (keyId: string) => void) {
    this.#view = view;
    this.#onCompromised = onCompromised;
  }

  find(secret: string): KnownKey | undefined {
    const digest = digestOf(secret);
    const known = this.#view.get(digest);
    const revoked = this.#revoked.get(digest);
    if (revoked === undefined) return known;
    return isNewer(revoked.generation, known?.generation) ? revoked : known;
  }

  /** The second channel: what it says is taken at once. */
  applyRevocation({ digest, key }: Revocation): void {
    if (!isNewer(key.generation, this.#revoked.get(digest)?.generation)) return;
    this.#revoked.set(digest, key);
    this.noticeCompromise(key);
  }

  /** Also called for changes on the topic. */
  noticeCompromise(key: KnownKey | undefined): void {
    if (key !== undefined && !key.isActive && key.isCompromised) this.#onCompromised(key.keyId);
  }
}
