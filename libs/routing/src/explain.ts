import type { RankedReplica, RoutingDecision } from './decision.ts';

/** The decision in words, for an operator: what was chosen and why, and what lost on what. */
export function explain({ explanation }: RoutingDecision): string {
  const { candidates, rejections, replicasConsidered, profileName, engineVersion } = explanation;
  const [chosen, runnerUp] = candidates;
  return [
    ...(chosen === undefined ? [nowhere(replicasConsidered)] : chosenLines(chosen, runnerUp)),
    ...rejections.map(({ filter, count, example }) => `${filter} refused ${count}, for example: ${example}.`),
    `Decided among ${count(replicasConsidered)} with profile ${profileName}, engine ${engineVersion}.`,
  ].join('\n');
}

function nowhere(considered: number): string {
  if (considered === 0) return 'The request goes nowhere: there are no replicas. Raise the minimum of the deployment.';
  return `The request goes nowhere: none of ${count(considered)} may serve it.`;
}

function chosenLines(chosen: RankedReplica, runnerUp: RankedReplica | undefined): string[] {
  return [
    `The request goes to replica ${chosen.replicaId}${behind(chosen)}.`,
    `It scored ${chosen.total}: ${scoresOf(chosen)}.`,
    runnerUp === undefined ? 'No other one may serve it.' : lostBy(chosen, runnerUp),
  ];
}

function lostBy(chosen: RankedReplica, runnerUp: RankedReplica): string {
  const next = `Next is ${runnerUp.replicaId}${behind(runnerUp)} with ${runnerUp.total}`;
  if (chosen.standing !== runnerUp.standing) return `${next}.`;
  if (chosen.total === runnerUp.total) return `${next}, as much; the lower id decided.`;
  const losses = runnerUp.scores
    .map(({ scorer, weight, score }, at) => ({ scorer, points: weight * (chosen.scores[at]!.score - score) }))
    .filter(({ points }) => points > 0)
    .map(({ scorer, points }) => `${points} on ${scorer}`);
  return `${next}: it lost ${losses.join(', ')}.`;
}

function scoresOf({ scores }: RankedReplica): string {
  return scores.map(({ scorer, weight, score }) => `${scorer} ${score} x ${weight}`).join(', ');
}

function behind({ standing }: RankedReplica): string {
  return standing === 'open' ? '' : ` (${standing}, so behind the open ones)`;
}

function count(replicas: number): string {
  return replicas === 1 ? '1 replica' : `${replicas} replicas`;
}
