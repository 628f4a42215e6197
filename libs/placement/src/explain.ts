import type { Decision, Member, Placement, RankedCandidate, Unschedulable, Victim } from './decision.ts';

/** The decision in words, for an operator: what was chosen and why, or what is missing and where it is nearest. */
export function explain(decision: Decision): string {
  const lines = decision.kind === 'placement' ? explainPlacement(decision) : explainUnschedulable(decision);
  const { profileName, seed, engineVersion, snapshotGeneration } = decision.explanation;
  const inputs = `profile ${profileName}, seed ${seed}, snapshot ${snapshotGeneration}, engine ${engineVersion}`;
  return [...lines, `Decided with ${inputs}.`].join('\n');
}

function explainPlacement({ request, nodeId, acceleratorIds, members, victims, explanation }: Placement): string[] {
  const [chosen, runnerUp] = explanation.candidates;
  const refused = explanation.rejectionCounts.map(({ filter, count }) => `${count} by ${filter}`);
  return [
    `Replica ${request.replicaId} goes to ${placeOf({ nodeId, acceleratorIds })}.`,
    ...membersOf(members),
    ...victimsOf(victims),
    ...(chosen === undefined ? [] : [`It scored ${chosen.total}: ${scoresOf(chosen)}.`]),
    ...(chosen === undefined ? [] : [runnerUp === undefined ? 'Nothing else fitted.' : lostBy(chosen, runnerUp)]),
    `Of ${nodes(explanation.nodesConsidered)}, ${refused.length === 0 ? 'none was refused' : `refused: ${refused.join(', ')}`}.`,
  ];
}

function explainUnschedulable({ request, reasons, wouldFit, nearest, explanation }: Unschedulable): string[] {
  if (nearest === undefined) {
    return [`Replica ${request.replicaId} fits nowhere: the cluster has no nodes. Enrol one.`];
  }
  return [
    request.gang === undefined
      ? `Replica ${request.replicaId} fits on none of ${nodes(explanation.nodesConsidered)}.`
      : `The gang of replica ${request.replicaId} does not fit whole on ${nodes(explanation.nodesConsidered)}.`,
    ...reasons.map(({ filter, count, example }) => `${filter} refused ${count}, for example: ${example}.`),
    `Would fit: ${wouldFit}.`,
  ];
}

/** "node nod_0001 on GPU-0, GPU-1" */
function placeOf({ nodeId, acceleratorIds }: Member): string {
  return `node ${nodeId}${acceleratorIds.length === 0 ? '' : ` on ${acceleratorIds.join(', ')}`}`;
}

function membersOf(members: readonly Member[] = []): string[] {
  const others = members.slice(1).map(placeOf);
  return others.length === 0 ? [] : [`The other members of its gang go to ${others.join('; ')}.`];
}

function victimsOf(victims: readonly Victim[] = []): string[] {
  if (victims.length === 0) return [];
  const named = victims.map(({ replicaId, priority }) => `${replicaId} (priority ${priority})`);
  return [`Nothing fitted, so these of lower priority have to go first: ${named.join(', ')}.`];
}

function lostBy(chosen: RankedCandidate, runnerUp: RankedCandidate): string {
  const other = `${runnerUp.nodeId} on ${runnerUp.acceleratorIds.join(', ')}`;
  if (chosen.total === runnerUp.total) return `Next was ${other} with as much; the seed decided.`;
  const losses = runnerUp.scores
    .map(({ scorer, weight, score }, at) => ({ scorer, points: weight * (chosen.scores[at]!.score - score) }))
    .filter(({ points }) => points > 0)
    .map(({ scorer, points }) => `${points} on ${scorer}`);
  return `Next was ${other} with ${runnerUp.total}: it lost ${losses.join(', ')}.`;
}

function scoresOf({ scores }: RankedCandidate): string {
  return scores.map(({ scorer, weight, score }) => `${scorer} ${score} x ${weight}`).join(', ');
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}
