import { DomainError } from '@ostro/kernel';
import { candidatesOn } from './candidates.ts';
import type { ScoringContext } from './cluster/cluster-snapshot.ts';
import type { AcceleratorSnapshot, NodeSnapshot } from './cluster/node.ts';
import type { Profile } from './profile.ts';
import type { RequestShape } from './request.ts';
import { type Candidate, type Filter, type Refusal, walk, type Walked } from './stages.ts';

/** The best of a node's candidates: highest weighted sum, ties to the first of `candidatesOn`. */
export interface Appraised {
  readonly candidate: Candidate;
  readonly total: number;
}

/** What a request makes of single nodes, each on its own: true until the node or the context is another. */
export class Appraisal {
  /** The filters up to the first that looks at more than fixed facts; the last one always does. */
  readonly #leading: readonly Filter[];
  readonly #scorers: readonly { name: string; weight: number; score: (candidate: Candidate) => number }[];

  constructor(
    readonly request: RequestShape,
    readonly profile: Profile,
    readonly context: ScoringContext,
  ) {
    const other = profile.filters.findIndex((filter) => !filter.fixed);
    this.#leading = profile.filters.slice(0, other);
    this.#scorers = profile.scorers.map(({ scorer, weight }) => ({
      name: scorer.name,
      weight,
      score: scorer.prepare(request, context),
    }));
  }

  /**
   * What the leading filters that look at fixed facts alone make of the node: `-1 - stage` where one refuses it, 1 where
   * they let every accelerator through, 0 where only some.
   */
  fixedOf(node: NodeSnapshot): number {
    const walked = walk(this.request, node, this.#leading);
    if (!walked.passed) return -1 - walked.stage;
    return walked.accelerators === walk(this.request, node, []).accelerators ? 1 : 0;
  }

  /**
   * The best total on the node, or `-1 - stage` where the filter at that stage refuses it; `fixed` is the answer of
   * `fixedOf` for it, where that is known.
   */
  valueOf(node: NodeSnapshot, fixed = 0): number {
    if (fixed < 0) return fixed;
    const walked = this.#walk(node, fixed);
    if (!walked.passed) return -1 - walked.stage;
    return this.#best(candidatesOn(node, this.request, walked.accelerators)).total;
  }

  /** Only for a node that no filter refuses. */
  bestOn(node: NodeSnapshot, fixed = 0): Candidate {
    const candidates = candidatesOn(node, this.request, this.#walk(node, fixed).accelerators);
    return candidates.length === 1 ? candidates[0]! : this.#best(candidates).candidate;
  }

  /** Those that passed every filter. */
  acceleratorsOn(node: NodeSnapshot): readonly AcceleratorSnapshot[] {
    return this.#walk(node, 0).accelerators;
  }

  /** In the order of the profile, without what the site adds. */
  scoresOf(candidate: Candidate): readonly number[] {
    return this.#scorers.map(({ score }) => score(candidate));
  }

  /** Only for a node that a filter refuses. */
  refusalOf(node: NodeSnapshot, fixed = 0): Refusal {
    const walked = this.#walk(node, fixed);
    if (walked.passed) throw new Error(`no filter refuses node ${node.nodeId}`);
    return this.profile.filters[walked.stage]!.refusal(this.request, node, walked.accelerators);
  }

  #walk(node: NodeSnapshot, fixed: number): Walked {
    return walk(this.request, node, this.profile.filters, fixed > 0 ? this.#leading.length : 0);
  }

  #best(candidates: readonly Candidate[]): Appraised {
    let [at, best] = [0, this.#totalOf(candidates[0]!)];
    for (let next = 1; next < candidates.length; next += 1) {
      const total = this.#totalOf(candidates[next]!);
      if (total > best) [at, best] = [next, total];
    }
    return { candidate: candidates[at]!, total: best };
  }

  #totalOf(candidate: Candidate): number {
    let total = 0;
    for (const { name, weight, score } of this.#scorers) total += weight * inRange(name, score(candidate));
    return total;
  }
}

function inRange(scorer: string, score: number): number {
  if (Number.isInteger(score) && score >= 0 && score <= 1000) return score;
  throw new DomainError(
    'INTERNAL',
    'SCORE_OUT_OF_RANGE',
    `scorer ${scorer} answered ${score}; a score is a whole number from 0 to 1000`,
    { details: { scorer } },
  );
}
