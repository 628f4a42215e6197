import {
  type Explanation,
  ENGINE_VERSION,
  type RankedReplica,
  type Rejection,
  type RoutingDecision,
} from './decision.ts';
import type { Profile } from './profile.ts';
import { rank, standingOf } from './rank.ts';
import type { Replica } from './replica.ts';
import { checkRequest, type RoutingRequest } from './request.ts';
import type { RoutingView } from './routing-view.ts';
import type { Filter } from './stages.ts';

/** How many candidates are ranked and remembered. */
const REMEMBERED = 20;

/** The replicas that may serve a request, best first: see `decide`. */
export function route(request: RoutingRequest, view: RoutingView, profile: Profile): readonly Replica[] {
  return chosen(request, view, profile).ranked.map((slot) => view.replicas[slot]!);
}

/**
 * Decides where a request goes, and says why: filters say where it may, scorers where it is best, one order by weighted
 * sum. The same arguments give the same answer on every machine. Nothing is changed: tell `view.assign` what was done.
 * @throws DomainError INVALID_ARGUMENT for a request that makes no sense; no replica that may serve it is an answer.
 */
export function decide(request: RoutingRequest, view: RoutingView, profile: Profile): RoutingDecision {
  const { ranked, totals, scores } = chosen(request, view, profile);
  const candidates = ranked.slice(0, REMEMBERED).map((slot): RankedReplica => {
    const replica = view.replicas[slot]!;
    return {
      replicaId: replica.replicaId,
      total: totals[slot]!,
      standing: standingOf(replica),
      scores: profile.scorers.map(({ scorer, weight }, at) => ({
        scorer: scorer.name,
        weight,
        score: scores[at]![slot]!,
      })),
    };
  });
  const explanation: Explanation = {
    engineVersion: ENGINE_VERSION,
    profileName: profile.name,
    profileDigestInput: profile.digestInput,
    replicasConsidered: view.replicas.filter((replica) => replica !== undefined).length,
    rejections: rejections(request, view, profile.filters),
    candidates,
  };
  return { replicas: ranked.map((slot) => view.replicas[slot]!), explanation };
}

function chosen(request: RoutingRequest, view: RoutingView, { filters, scorers }: Profile) {
  checkRequest(request);
  const slots = allowedSlots(request, view, filters);
  const totals = new Int32Array(view.replicas.length);
  const scores = scorers.map(({ scorer, weight }) => {
    const each = new Int32Array(view.replicas.length);
    scorer.score(request, view, slots, each);
    for (const slot of slots) totals[slot]! += weight * each[slot]!;
    return each;
  });
  return { ranked: rank(slots, totals, view, REMEMBERED), totals, scores };
}

function allowedSlots(request: RoutingRequest, { replicas }: RoutingView, filters: readonly Filter[]): number[] {
  const passes = filters.map((filter) => filter.prepare(request)).filter((pass) => pass !== undefined);
  const slots: number[] = [];
  for (let slot = 0; slot < replicas.length; slot += 1) {
    const replica = replicas[slot];
    if (replica !== undefined && passes.every((pass) => pass(replica))) slots.push(slot);
  }
  return slots;
}

function rejections(request: RoutingRequest, { replicas }: RoutingView, filters: readonly Filter[]): Rejection[] {
  const found: Rejection[] = [];
  let left = replicas.filter((replica) => replica !== undefined).sort((a, b) => (a.replicaId < b.replicaId ? -1 : 1));
  for (const filter of filters) {
    const passes = filter.prepare(request) ?? (() => true);
    const refused = left.filter((replica) => !passes(replica));
    left = left.filter(passes);
    const [first] = refused;
    if (first === undefined) continue;
    const example = `replica ${first.replicaId} ${filter.refusal(request, first)}`;
    found.push({ filter: filter.name, count: refused.length, example });
  }
  return found;
}
