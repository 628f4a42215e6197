import { rootCertificates } from 'node:tls';
import { DomainError } from '@ostro/kernel';
import { Agent, type Dispatcher, request } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { networkFailure } from './network-failure.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers of the redirects before it, the first one's first. */
  readonly hops: readonly Readonly<Record<string, string>>[];
  readonly body: Dispatcher.ResponseData['body'];
}

export interface HttpAsk {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of the first URL and to no other. */
  readonly authorization?: string;
  /** Whether a redirect to another origin is followed or is the answer. */
  readonly leavesOrigin: boolean;
  readonly signal: AbortSignal;
}

/** HTTPS to addresses that somebody else chose: each hop is checked as if it were the first. */
export class GuardedHttp {
  readonly #guard: AddressGuard;
  readonly #agent: Agent;

  /** `furtherCa` are authorities in PEM that are trusted beside the system's. */
  constructor(guard: AddressGuard, furtherCa?: string) {
    this.#guard = guard;
    const trust = furtherCa === undefined ? {} : { ca: [...rootCertificates, furtherCa] };
    this.#agent = new Agent({
      connect: { lookup: guard.lookup, timeout: 10_000, ...trust },
      headersTimeout: 30_000,
      bodyTimeout: 30_000,
    });
  }

  /**
   * Whoever gets an answer reads its body or destroys it.
   *
   * @throws DomainError PERMISSION_DENIED (ADDRESS_NOT_ALLOWED), FAILED_PRECONDITION (REDIRECT_REFUSED,
   * SOURCE_UNTRUSTED, SOURCE_HOST_UNKNOWN), UNAVAILABLE (SOURCE_UNREACHABLE)
   */
  async ask(address: string, ask: HttpAsk): Promise<HttpAnswer> {
    const first = new URL(address);
    const hops: Record<string, string>[] = [];
    for (let url = first; ;) {
      const { statusCode: status, headers: raw, body } = await this.#once(url, ask, url.origin === first.origin);
      const headers = single(raw);
      const next = REDIRECTS.includes(status) ? headers['location'] : undefined;
      const target = next === undefined ? undefined : new URL(next, url);
      if (!target || (target.origin !== url.origin && !ask.leavesOrigin)) return { status, headers, hops, body };
      await body.dump();
      hops.push(headers);
      if (target.protocol !== 'https:' || hops.length > MAX_REDIRECTS) throw redirectRefused(url, target);
      url = target;
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #once(url: URL, ask: HttpAsk, isFirstOrigin: boolean): Promise<Dispatcher.ResponseData> {
    this.#guard.assertAllowed(url);
    const headers = {
      'accept-encoding': 'identity',
      'user-agent': 'ostro-registry',
      ...ask.headers,
      ...(isFirstOrigin && ask.authorization !== undefined && { authorization: ask.authorization }),
    };
    try {
      return await request(url, { dispatcher: this.#agent, method: ask.method, headers, signal: ask.signal });
    } catch (error) {
      throw networkFailure(error, url.host, ask.signal);
    }
  }
}

function single(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value[0]! : value!]));
}

function redirectRefused(from: URL, to: URL): DomainError {
  const why = to.protocol === 'https:' ? `more than ${MAX_REDIRECTS} times` : `to ${to.protocol}//`;
  return new DomainError(
    'FAILED_PRECONDITION',
    'REDIRECT_REFUSED',
    `${from.host} redirects ${why}; give the final https:// address`,
    { details: { host: from.host } },
  );
}
