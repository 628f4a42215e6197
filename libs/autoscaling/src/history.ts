/**
 * What `autoscale` wants to be told again next time: bounded, plain JSON, stored by the caller beside the deployment.
 * Begin with `EMPTY_HISTORY`.
 */
export interface ScalingHistory {
  readonly format: 1;
  /** Requests that arrived, by minute since the epoch: the last ten minutes, oldest first. */
  readonly arrivals: readonly (readonly [minute: number, count: number])[];
  /** `lastNeededMs[k]`: when demand last needed more than k replicas. As long as the largest demand still remembered. */
  readonly lastNeededMs: readonly number[];
  /** The latest wanted counts inside the stabilisation window, oldest first. */
  readonly wanted: readonly (readonly [atMs: number, replicas: number])[];
  /** The load at which an objective was last missed, and the replicas that then proved too few. */
  readonly missed: { readonly load: number; readonly replicas: number } | undefined;
  /** When replicas last changed, and how many there were when the minute began that limits the rate. */
  readonly changedAtMs: number | undefined;
  readonly minuteStart: { readonly atMs: number; readonly replicas: number } | undefined;
  readonly observedAtMs: number | undefined;
}

export const EMPTY_HISTORY: ScalingHistory = {
  format: 1,
  arrivals: [],
  lastNeededMs: [],
  wanted: [],
  missed: undefined,
  changedAtMs: undefined,
  minuteStart: undefined,
  observedAtMs: undefined,
};
