import type { Decision, Placement, RankedCandidate, Unschedulable } from './decision.ts';

/** The decision in words, for an operator: what was chosen and why, or what is missing and where it is nearest. */
export function explain(decision: Decision): string {
  const lines = decision.kind === 'placement' ? explainPlacement(decision) : explainUnschedulable(decision);
  const { profileName, seed, engineVersion, snapshotGeneration } = decision.explanation;
  const inputs = `profile ${profileName}, seed ${seed}, snapshot ${snapshotGeneration}, engine ${engineVersion}`;
  return [...lines, `Decided with ${inputs}.`].join('\n');
}

function explainPlacement({ request, nodeId, acceleratorIds, explanation }: Placement): string[] {
  const [chosen, runnerUp] = explanation.candidates;
  const refused = explanation.rejectionCounts.map(({ filter, count }) => `${count} by ${filter}`);
  return [
    `Replica ${request.replicaId} goes to node ${nodeId} on ${acceleratorIds.join(', ')}.`,
    ...(chosen === undefined ? [] : [`It scored ${chosen.total}: ${scoresOf(chosen)}.`]),
    chosen === undefined || runnerUp === undefined ? 'Nothing else fitted.' : lostBy(chosen, runnerUp),
    `Of ${nodes(explanation.nodesConsidered)}, ${refused.length === 0 ? 'none was refused' : `refused: ${refused.join(', ')}`}.`,
  ];
}

function explainUnschedulable({ request, reasons, wouldFit, nearest, explanation }: Unschedulable): string[] {
  if (nearest === undefined) {
    return [`Replica ${request.replicaId} fits nowhere: the cluster has no nodes. Enrol one.`];
  }
  return [
    `Replica ${request.replicaId} fits on none of ${nodes(explanation.nodesConsidered)}.`,
    ...reasons.map(({ filter, count, example }) => `${filter} refused ${count}, for example: ${example}.`),
    `Would fit: ${wouldFit}.`,
  ];
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
