import { Fields, invalid, list } from './fields.ts';
import type { IdleRule, ScalingPolicy, Schedule, Tier } from './policy.ts';
import { parseSchedule } from './parse-schedule.ts';
import { TIER_NAMES } from './policy.ts';

const MAX_REPLICAS = 10_000;
const DAY_MS = 86_400_000;
const MICRO = 1_000_000;

/**
 * Reads a policy out of parsed YAML or JSON. What is left out has a default; what is wrong or contradicts itself is an
 * error, so that a typing mistake never becomes a deployment that does not scale.
 * @throws DomainError INVALID_ARGUMENT (INVALID_SCALING_POLICY) naming the field and what is allowed there.
 */
export function parsePolicy(input: unknown): ScalingPolicy {
  const fields = new Fields(input, 'policy');
  const minReplicas = fields.whole('minReplicas', 0, MAX_REPLICAS, 0);
  const maxReplicas = fields.whole('maxReplicas', 1, MAX_REPLICAS, Math.max(1, minReplicas));
  if (minReplicas > maxReplicas) {
    throw invalid(
      'minReplicas',
      `is ${minReplicas}, more than maxReplicas ${maxReplicas}; lower it or raise the maximum`,
    );
  }
  const scaleUp = fields.nested('scaleUp');
  const scaleDown = fields.nested('scaleDown');
  const policy: ScalingPolicy = {
    minReplicas,
    maxReplicas,
    targetConcurrency: fields.whole('targetConcurrency', 1, 1_000_000, 1),
    maxQueueWaitMs: fields.whole('maxQueueWaitMs', 0, DAY_MS, 1_000),
    ttftP95Ms: fields.optionalWhole('ttftP95Ms', 1, DAY_MS),
    tpotP95Ms: fields.optionalWhole('tpotP95Ms', 1, DAY_MS),
    schedules: parseSchedules(fields.take('schedules'), minReplicas, maxReplicas),
    idle: parseIdle(fields.take('idle')),
    scaleUp: { maxPerMinute: scaleUp.whole('maxPerMinute', 1, MAX_REPLICAS, MAX_REPLICAS) },
    scaleDown: {
      stabilisationMs: scaleDown.whole('stabilisationMs', 0, DAY_MS, 600_000),
      maxPerMinute: scaleDown.whole('maxPerMinute', 1, MAX_REPLICAS, MAX_REPLICAS),
    },
    tiers: parseTiers(fields.take('tiers')),
  };
  for (const each of [scaleUp, scaleDown, fields]) each.end();
  return policy;
}

function parseSchedules(input: unknown, minReplicas: number, maxReplicas: number): readonly Schedule[] {
  if (input === undefined) return [];
  return list(input, 'schedules').map((each, at) => {
    const schedule = parseSchedule(each, `schedules[${at}]`);
    const [lowest, highest] = [schedule.minReplicas ?? minReplicas, schedule.maxReplicas ?? maxReplicas];
    if (lowest > highest) {
      throw invalid(`schedules[${at}]`, `asks for at least ${lowest} and at most ${highest} replicas; make them agree`);
    }
    return schedule;
  });
}

function parseIdle(input: unknown): IdleRule {
  if (input === undefined) return { kind: 'time', idleMs: 300_000 };
  if (input === 'cell') return { kind: 'cell' };
  const fields = new Fields(input, 'idle');
  const idleMs = fields.optionalWhole('idleMs', 0, 365 * DAY_MS);
  const euros = fields.optionalDecimal('eurosPerSavedSecond', 0, 1_000);
  fields.end();
  if (idleMs !== undefined && euros === undefined) return { kind: 'time', idleMs };
  if (euros !== undefined && idleMs === undefined) {
    return { kind: 'price', microEuroPerSavedSecond: Math.round(euros * MICRO) };
  }
  throw invalid('idle', 'must be "cell" or have one of idleMs and eurosPerSavedSecond, not both');
}

/** What a replica costs until an operator says what theirs costs: 2 euros an hour in VRAM, host RAM a fiftieth of it. */
const DEFAULT_TIERS: readonly Tier[] = [
  { name: 'vram', wakeMs: 0, microEuroPerHour: 2 * MICRO },
  { name: 'none', wakeMs: 30_000, microEuroPerHour: 0 },
];

function parseTiers(input: unknown): readonly Tier[] {
  if (input === undefined) return DEFAULT_TIERS;
  const tiers = list(input, 'tiers').map((each, at) => parseTier(each, `tiers[${at}]`));
  if (tiers[0]?.name !== 'vram') throw invalid('tiers', 'must begin with vram: requests are served from there');
  if (tiers.at(-1)?.name !== 'none') throw invalid('tiers', 'must end with none: how long a start from nothing takes');
  tiers.forEach((tier, at) => {
    const faster = tiers[at - 1];
    if (faster === undefined) return;
    const place = `tiers[${at}]`;
    if (TIER_NAMES.indexOf(tier.name) <= TIER_NAMES.indexOf(faster.name)) {
      throw invalid(place, `${tier.name} comes after ${faster.name}; the order is ${TIER_NAMES.join(', ')}`);
    }
    if (tier.wakeMs < faster.wakeMs) {
      throw invalid(place, `${tier.name} wakes sooner than ${faster.name}; a slower tier cannot be the faster one`);
    }
    if (tier.microEuroPerHour > faster.microEuroPerHour) {
      throw invalid(place, `${tier.name} costs more than ${faster.name}, which is faster; leave it out`);
    }
  });
  return tiers;
}

function parseTier(input: unknown, place: string): Tier {
  const fields = new Fields(input, place);
  const tier: Tier = {
    name: fields.oneOf('name', TIER_NAMES),
    wakeMs: fields.whole('wakeMs', 0, DAY_MS),
    microEuroPerHour: Math.round((fields.optionalDecimal('eurosPerHour', 0, 1_000_000) ?? 0) * MICRO),
  };
  fields.end();
  return tier;
}
