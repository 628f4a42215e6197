import { createHash } from 'node:crypto';
import { type Clock, Sensitive } from '@ostro/kernel';
import type { ControlPlane } from '../clients/control-plane.ts';
import type { Grant } from './caller.ts';

/** A token is not used in its last seconds, in which it could end on the way. */
const MARGIN_MS = 30_000;
const MAX_GRANTS = 10_000;

/**
 * Trades keys for grants and keeps them for as long as their tokens live. Refusals are not kept, so a key works the
 * moment it exists. Concurrent requests of one key share one exchange. A stored entry is found by the key's SHA-256:
 * no secret stays in memory.
 */
export class Grants {
  readonly #identity: Pick<ControlPlane['identity'], 'exchangeApiKey'>;
  readonly #clock: Pick<Clock, 'now'>;
  /** In order of last use. */
  readonly #kept = new Map<string, Grant>();
  readonly #asking = new Map<string, Promise<Grant>>();

  constructor(identity: Pick<ControlPlane['identity'], 'exchangeApiKey'>, clock: Pick<Clock, 'now'>) {
    this.#identity = identity;
    this.#clock = clock;
  }

  /** @throws DomainError UNAUTHENTICATED for a key that does not work, UNAVAILABLE when identity cannot be asked. */
  async of(secret: string): Promise<Grant> {
    const digest = createHash('sha256').update(secret).digest('base64');
    const kept = this.#take(digest);
    if (kept) return kept;
    const asking = this.#asking.get(digest) ?? this.#ask(secret, digest);
    this.#asking.set(digest, asking);
    return asking;
  }

  #take(digest: string): Grant | undefined {
    const grant = this.#kept.get(digest);
    this.#kept.delete(digest);
    if (!grant || grant.expiresAt.getTime() - MARGIN_MS <= this.#clock.now().getTime()) return undefined;
    this.#kept.set(digest, grant);
    return grant;
  }

  async #ask(secret: string, digest: string): Promise<Grant> {
    try {
      const { accessToken, expireTime, ...who } = await this.#identity.exchangeApiKey({ secret }, { idempotent: true });
      const grant = { ...who, token: new Sensitive(accessToken), expiresAt: expireTime ?? this.#clock.now() };
      this.#keep(digest, grant);
      return grant;
    } finally {
      this.#asking.delete(digest);
    }
  }

  #keep(digest: string, grant: Grant): void {
    this.#kept.set(digest, grant);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MAX_GRANTS && !oldest.done) this.#kept.delete(oldest.value);
  }
}
