import { withMember } from './cluster/apply.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { Decision, Member, RankedCandidate } from './decision.ts';
import { explanationOf } from './explanation.ts';
import type { PickRule } from './pick.ts';
import type { Profile } from './profile.ts';
import { rankingOf } from './rankings.ts';
import type { PlacementRequest } from './request.ts';
import { unschedulable } from './unschedulable.ts';

/** As many members as found a place one after another, and the cluster with them. */
interface Attempt {
  readonly members: readonly Member[];
  readonly after: ClusterSnapshot;
}

/**
 * Places all members of a gang, or none. Member after member takes its best place on the cluster that the earlier ones
 * left; there is no way back. That finds a place for the whole gang whenever there is one if members take whole
 * accelerators or one each: members are alike, so a node has room for the same number of them in whatever order they
 * come, and the order of nodes does not matter. Members that share each of several accelerators may pack worse than the
 * best, never wrong. In one site: sites are tried from that of the best first place on.
 */
export function placeGang(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  profile: Profile,
  rule: PickRule,
): Decision {
  const { members: wanted, sameSite } = request.gang!;
  const ranking = rankingOf(request, snapshot, profile);
  const candidates = ranking.best(rule);
  const explanation = explanationOf(ranking, snapshot, { seed: rule.seed, candidates });
  const sites = sameSite ? inOrder(snapshot, (site) => ranking.best({ ...rule, limit: 1, site })) : [undefined];
  let furthest: Attempt = { members: [], after: snapshot };
  for (const site of sites) {
    const attempt = attemptOn(request, snapshot, profile, { ...rule, limit: 1, ...(site !== undefined && { site }) });
    const [first] = attempt.members;
    if (attempt.members.length === wanted) {
      return { kind: 'placement', request, ...first!, members: attempt.members, explanation };
    }
    if (attempt.members.length > furthest.members.length) furthest = attempt;
  }
  const { after, members } = furthest;
  const refused = rankingOf(request, after, profile);
  const seeded = { seed: rule.seed, candidates: [] };
  const refusal = unschedulable(request, after, refused, explanationOf(refused, after, seeded));
  const where = sameSite ? ' in one site' : '';
  return {
    ...refusal,
    wouldFit: `${members.length} of ${wanted} members fit${where}, one more needs ${refusal.wouldFit}`,
  };
}

function attemptOn(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile, rule: PickRule): Attempt {
  const members: Member[] = [];
  let after = snapshot;
  while (members.length < request.gang!.members) {
    const [best] = rankingOf(request, after, profile).best(rule);
    if (best === undefined) break;
    const member = { nodeId: best.nodeId, acceleratorIds: best.acceleratorIds };
    members.push(member);
    after = withMember(after, request, member);
  }
  return { members, after };
}

/** Sites with room for one member, the best place first. */
function inOrder({ layout }: ClusterSnapshot, bestIn: (site: number) => readonly RankedCandidate[]): readonly number[] {
  return layout.sites
    .flatMap((_, site) => bestIn(site).map(({ total }) => ({ site, total })))
    .sort((a, b) => b.total - a.total || a.site - b.site)
    .map(({ site }) => site);
}
