import type { Report } from '@ostro/simulator';
import type { TraceSurvey } from './trace-file.ts';

/** One policy with what became of the trace under it. */
export interface Outcome {
  readonly name: string;
  readonly report: Report;
}

/** A whole what-if: the same trace under one policy, or under two to compare. */
export interface WhatIf {
  readonly trace: TraceSurvey & { readonly file: string };
  readonly seed: number;
  readonly outcomes: readonly Outcome[];
}
