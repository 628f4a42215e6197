import type { IncomingMessage } from 'node:http';
import type { Clock } from '@ostro/kernel';
import { authenticate, bearerSecret, type KnownKey, refuseWithoutInference } from '../domain/authenticate.ts';
import { isRefusal, type Refusal, unavailable } from '../domain/refusal.ts';
import type { KeyTable } from '../views/key-table.ts';

export interface CallersOptions {
  readonly keys: KeyTable;
  /** Age of the fresher of the two channels of keys. */
  readonly viewAgeMs: () => number;
  readonly viewMaxAgeMs: number;
  readonly clock: Clock;
}

const STALE_RETRY_SECONDS = 30;

/** Who calls, by the key in the Authorization header. */
export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  identify(request: IncomingMessage): KnownKey | Refusal {
    const { keys, clock, viewAgeMs, viewMaxAgeMs } = this.#options;
    const secret = bearerSecret(request.headers.authorization);
    if (isRefusal(secret)) return secret;
    const key = authenticate(secret, (text) => keys.find(text), clock.now());
    if (isRefusal(key)) return key;
    if (viewAgeMs() > viewMaxAgeMs) return stale();
    return refuseWithoutInference(key) ?? key;
  }
}

/** Nobody could have told us that the key was revoked. */
function stale(): Refusal {
  return unavailable(
    'view_stale',
    'This gateway has not heard from the authority on keys for too long to trust what it knows. Try again later.',
    STALE_RETRY_SECONDS,
  );
}
