import type { Replica } from '../src/replica.ts';
import { ANYWHERE, blockHashes, type RoutingRequest } from '../src/request.ts';
import { RoutingView } from '../src/routing-view.ts';
import type { Scorer } from '../src/stages.ts';

export const BLOCK_TOKENS = 100;

export function aReplica(replicaId: string, overrides: Partial<Replica> = {}): Replica {
  return {
    replicaId,
    country: 'FR',
    operator: 'acme',
    certifications: ['secnumcloud'],
    isHealthy: true,
    isAvoided: false,
    concurrency: 8,
    running: 0,
    queuedPrefillTokens: 0,
    kvUsedMilli: 0,
    cacheTokens: 100 * BLOCK_TOKENS,
    adapters: [],
    prefillTokensElsewhere: 0,
    ...overrides,
  };
}

/** A prompt of these blocks, each number standing for one and for all before it. */
export function aRequest(ids: readonly number[] = [], overrides: Partial<RoutingRequest> = {}): RoutingRequest {
  return {
    organizationId: 'org_a',
    blocks: blockHashes(ids),
    inputTokens: ids.length * BLOCK_TOKENS,
    residency: ANYWHERE,
    ...overrides,
  };
}

export function aView(...replicas: readonly (Replica | string)[]): RoutingView {
  const view = new RoutingView({ blockTokens: BLOCK_TOKENS });
  view.observe(replicas.map((replica) => (typeof replica === 'string' ? aReplica(replica) : replica)));
  return view;
}

/** The scores that a scorer gives, by replica. */
export function scoresOf(scorer: Scorer, request: RoutingRequest, view: RoutingView): Record<string, number> {
  const scores = new Int32Array(view.replicas.length);
  scorer.add(request, view, view.slots, scores, 1);
  return Object.fromEntries(view.slots.map((slot) => [view.replicas[slot]!.replicaId, scores[slot]!]));
}

/** Whole numbers from `from` to `to`, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
