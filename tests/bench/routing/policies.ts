import {
  ANYWHERE,
  DEFAULT_PROFILE,
  type Replica,
  route,
  type RoutingRequest,
  RoutingView,
  SEPARATE_GATEWAYS_PROFILE,
} from '@ostro/routing';
import type { Policy, ReplayOptions } from './replay.ts';
import { type Arrival, BLOCK_TOKENS, mixed } from './trace.ts';

type PolicyOf = ReplayOptions['policy'];

/** The replicas in turn. */
export const roundRobin: PolicyOf = (_gateway, { caches }) => {
  let next = 0;
  return { pick: () => next++ % caches.length };
};

/** The shortest queue of uncached tokens, as it is at this moment. */
export const leastLoad: PolicyOf = (_gateway, engines) => ({ pick: () => leastOf(engines.queuedTokens()) });

/** A hash of the first two blocks. */
export const hash2: PolicyOf = (_gateway, { caches }) => ({
  pick: ({ ids }) => mixed((ids[0] ?? 0) ^ Math.imul(ids[1] ?? 0, 0x9e3779b1)) % caches.length,
});

/** Whoever really holds most of the prompt, ties by number. */
export const longestPrefix: PolicyOf = (_gateway, { caches }) => ({
  pick: ({ ids }) => leastOf(caches.map((cache) => -cache.match(ids))),
});

/** What a gateway hears every five seconds: what each replica holds and has to do, or nothing at all. */
export type Hears = 'replicas' | 'nothing';

/** Ours: one view for each gateway, which knows what that gateway sent and what it hears of the replicas. */
export function ostro(
  { replicas, cacheTokens, gateways }: Omit<ReplayOptions, 'policy'>,
  hears: Hears = 'replicas',
): PolicyOf {
  const profile = hears === 'replicas' ? DEFAULT_PROFILE : SEPARATE_GATEWAYS_PROFILE;
  return (gateway) => {
    const view = new RoutingView({ blockTokens: BLOCK_TOKENS });
    const elsewhere: number[] = [];
    const place = hears === 'replicas' ? { at: gateway, count: gateways } : { at: 0, count: 1 };
    const observe = (count: number, queued: readonly number[]) =>
      view.observe(numbered(count, cacheTokens, elsewhere, queued), place);
    observe(replicas, []);
    return {
      pick: (arrival) => numberOf(route(requestOf(arrival), view, profile)[0]),
      sent: (arrival, replica) => void view.assign(requestOf(arrival), idOf(replica)),
      report: ({ replicas: now, served, queuedTokens }) => {
        if (hears === 'nothing') return observe(now, []);
        const others = served.filter((each) => each.gateway !== gateway);
        for (const { replica, uncachedTokens } of others) {
          elsewhere[replica] = (elsewhere[replica] ?? 0) + uncachedTokens;
        }
        observe(now, queuedTokens);
        for (const { replica, arrival } of others) view.learn(arrival.blocks, idOf(replica));
      },
    } satisfies Policy;
  };
}

function numbered(
  count: number,
  cacheTokens: number,
  elsewhere: readonly number[],
  queuedTokens: readonly number[],
): readonly Replica[] {
  return Array.from({ length: count }, (_, number) => ({
    replicaId: idOf(number),
    country: '',
    operator: '',
    certifications: [],
    isHealthy: true,
    isAvoided: false,
    concurrency: 0,
    running: 0,
    queuedPrefillTokens: Math.floor(queuedTokens[number] ?? 0),
    kvUsedMilli: 0,
    cacheTokens,
    adapters: [],
    prefillTokensElsewhere: elsewhere[number] ?? 0,
  }));
}

export function requestOf({ blocks, inputTokens }: Arrival): RoutingRequest {
  return { organizationId: 'org_trace', blocks, inputTokens, residency: ANYWHERE };
}

function idOf(number: number): string {
  return `rep_${String(number).padStart(4, '0')}`;
}

function numberOf(replica: Replica | undefined): number | undefined {
  return replica === undefined ? undefined : Number(replica.replicaId.slice('rep_'.length));
}

function leastOf(numbers: readonly number[]): number {
  return numbers.indexOf(Math.min(...numbers));
}
