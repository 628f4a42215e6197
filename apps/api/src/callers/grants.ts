import { createHash } from 'node:crypto';
import { type Clock, Sensitive } from '@ostro/kernel';
import type { ControlPlane } from '../clients/control-plane.ts';
import type { Grant } from './caller.ts';

/** The token lives for minutes, yet a revoked key must be refused within 5 s: identity is asked again before that. */
const KEPT_MS = 4_000;
const MAX_GRANTS = 10_000;

/**
 * Trades keys for grants and keeps each for a few seconds. Refusals are not kept, so a key works the
 * moment it exists. Concurrent requests of one key share one exchange. A stored entry is found by the key's SHA-256:
 * no secret stays in memory.
 */
export class Grants {
  readonly #identity: Pick<ControlPlane['identity'], 'exchangeApiKey'>;
  readonly #clock: Pick<Clock, 'now'>;
  /** In order of last use. */
  readonly #kept = new Map<string, { readonly grant: Grant; readonly untilMs: number }>();
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
    const kept = this.#kept.get(digest);
    this.#kept.delete(digest);
    if (!kept || kept.untilMs <= this.#clock.now().getTime()) return undefined;
    this.#kept.set(digest, kept);
    return kept.grant;
  }

  async #ask(secret: string, digest: string): Promise<Grant> {
    try {
      const {
        accessToken,
        expireTime: _,
        ...who
      } = await this.#identity.exchangeApiKey({ secret }, { idempotent: true });
      const grant = { ...who, token: new Sensitive(accessToken) };
      this.#keep(digest, grant);
      return grant;
    } finally {
      this.#asking.delete(digest);
    }
  }

  #keep(digest: string, grant: Grant): void {
    this.#kept.set(digest, { grant, untilMs: this.#clock.now().getTime() + KEPT_MS });
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MAX_GRANTS && !oldest.done) this.#kept.delete(oldest.value);
  }
}
