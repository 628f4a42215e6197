import type { Replica } from './replica.ts';
import type { RoutingRequest } from './request.ts';
import type { RoutingView } from './routing-view.ts';

/** Says where a request may go. What a filter cannot know it refuses. */
export interface Filter {
  readonly name: string;
  /** Keeps a promise: no profile may leave it out. */
  readonly mandatory: boolean;
  /** Looks at the request once. @returns undefined when it has nothing against any replica. */
  prepare(request: RoutingRequest): ((replica: Replica) => boolean) | undefined;
  /** What it has against this replica, for a person. */
  refusal(request: RoutingRequest, replica: Replica): string;
}

/** Says where a request goes best: whole numbers from 0 to 1000, 1000 best. A scorer never refuses. */
export interface Scorer {
  readonly name: string;
  /** Adds weight x score to the total of each of the `slots`; scores of 0 need no adding. */
  add(request: RoutingRequest, view: RoutingView, slots: readonly number[], totals: Int32Array, weight: number): void;
}

/** 1000 at nothing, falling to 0 at `full` and beyond. */
export function spare(amount: number, full: number): number {
  return amount >= full ? 0 : 1000 - Math.floor((1000 * amount) / full);
}
