import {
  type Explanation,
  ENGINE_VERSION,
  type RankedReplica,
  type Rejection,
  type RoutingDecision,
} from './decision.ts';
import type { Profile } from './profile.ts';
import { rank } from './rank.ts';
import type { Replica } from './replica.ts';
import { checkRequest, type RoutingRequest } from './request.ts';
import type { RoutingView } from './routing-view.ts';
import type { Filter } from './stages.ts';

/** How many candidates are ranked and remembered. */
const REMEMBERED = 20;

/** The best 20 replicas that may serve a request, best first: see `decide`. */
export function route(request: RoutingRequest, view: RoutingView, profile: Profile): readonly Replica[] {
  checkRequest(request);
  return ranked(request, view, profile).best.map((slot) => view.replicas[slot]!);
}

/**
 * Decides where a request goes, and says why: filters say where it may, scorers where it is best, one order by weighted
 * sum. The same arguments give the same answer on every machine. Nothing is changed: tell `view.assign` what was done.
 * @throws DomainError INVALID_ARGUMENT for a request that makes no sense; no replica that may serve it is an answer.
 */
export function decide(request: RoutingRequest, view: RoutingView, profile: Profile): RoutingDecision {
  checkRequest(request);
  const { slots, best, totals } = ranked(request, view, profile);
  const scores = profile.scorers.map(({ scorer }) => {
    const each = new Int32Array(view.replicas.length);
    scorer.add(request, view, slots, each, 1);
    return each;
  });
  const candidates = best.map((slot): RankedReplica => ({
    replicaId: view.replicas[slot]!.replicaId,
    total: totals[slot]!,
    standing: view.standings[slot]!,
    scores: profile.scorers.map(({ scorer, weight }, at) => ({
      scorer: scorer.name,
      weight,
      score: scores[at]![slot]!,
    })),
  }));
  const explanation: Explanation = {
    engineVersion: ENGINE_VERSION,
    profileName: profile.name,
    profileDigestInput: profile.digestInput,
    replicasConsidered: view.slots.length,
    rejections: rejections(request, view, profile.filters),
    candidates,
  };
  return { replicas: best.map((slot) => view.replicas[slot]!), explanation };
}

function ranked(request: RoutingRequest, view: RoutingView, { filters, scorers }: Profile) {
  const slots = allowed(request, view, filters);
  const totals = new Int32Array(view.replicas.length);
  for (const { scorer, weight } of scorers) scorer.add(request, view, slots, totals, weight);
  return { slots, best: rank(slots, totals, view, REMEMBERED), totals };
}

function allowed(request: RoutingRequest, { slots, replicas }: RoutingView, filters: readonly Filter[]) {
  let left = slots;
  for (const filter of filters) {
    const passes = filter.prepare(request);
    if (passes !== undefined) left = left.filter((slot) => passes(replicas[slot]!));
  }
  return left;
}

function rejections(request: RoutingRequest, view: RoutingView, filters: readonly Filter[]): readonly Rejection[] {
  const { slots, replicas, idOrder } = view;
  const found: Rejection[] = [];
  let left = slots;
  for (const filter of filters) {
    const passes = filter.prepare(request);
    if (passes === undefined) continue;
    const refused = left.filter((slot) => !passes(replicas[slot]!));
    if (refused.length === 0) continue;
    left = left.filter((slot) => passes(replicas[slot]!));
    const first = replicas[refused.reduce((a, b) => (idOrder[a]! < idOrder[b]! ? a : b))]!;
    const example = `replica ${first.replicaId} ${filter.refusal(request, first)}`;
    found.push({ filter: filter.name, count: refused.length, example });
  }
  return found;
}
