/** How a deployment wants to be scaled: data, so that it changes without a build. Times in ms, money in micro-euro. */
export interface ScalingPolicy {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Requests that one replica serves at a time without hurting any of them. */
  readonly targetConcurrency: number;
  /** The longest a request should wait for a replica before more are added. */
  readonly maxQueueWaitMs: number;
  /** Objectives; undefined = none. */
  readonly ttftP95Ms: number | undefined;
  readonly tpotP95Ms: number | undefined;
  readonly schedules: readonly Schedule[];
  readonly idle: IdleRule;
  readonly scaleUp: { readonly maxPerMinute: number };
  readonly scaleDown: { readonly stabilisationMs: number; readonly maxPerMinute: number };
  /** From the fastest to the slowest: the first is `vram`, the last is `none`. */
  readonly tiers: readonly Tier[];
}

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A window of every week on the wall clock of a place; it may pass midnight and then belongs to the day it begins on. */
export interface Schedule {
  readonly days: readonly Weekday[];
  /** Minutes after midnight, `[from, to)`. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly timeZone: string;
  readonly minReplicas: number | undefined;
  readonly maxReplicas: number | undefined;
}

/**
 * When an idle replica is given up:
 * - `time`: after it was not needed for that long;
 * - `price`: when holding it costs more than the waiting it is expected to save is worth;
 * - `cell`: as `price`, at the one price that the cell's budget controller has arrived at (`Learning`).
 */
export type IdleRule =
  | { readonly kind: 'time'; readonly idleMs: number }
  | { readonly kind: 'price'; readonly microEuroPerSavedSecond: number }
  | { readonly kind: 'cell' };

export const TIER_NAMES = ['vram', 'hostRam', 'disk', 'none'] as const;
export type TierName = (typeof TIER_NAMES)[number];

/** Where an idle replica's weights wait: how long a request waits for them there, and what holding them there costs. */
export interface Tier {
  readonly name: TierName;
  readonly wakeMs: number;
  readonly microEuroPerHour: number;
}
