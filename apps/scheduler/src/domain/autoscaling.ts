import { DomainError } from '@ostro/kernel';

/** Between which bounds demand decides how many replicas a deployment has. */
export interface Autoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Part of a replica's concurrency that is to be in use. */
  readonly targetPercent: number;
  /** How long a replica must not have been needed before it goes. */
  readonly idleTimeoutMs: number;
}

/** What a caller asks for; zero and absent mean "choose for me", except that a minimum of 0 is one. */
export interface AutoscalingRequest {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetPercent: number;
  readonly idleTimeoutMs: number | undefined;
}

export const MAX_REPLICAS = 1_000;
const DEFAULT_TARGET_PERCENT = 70;
const DEFAULT_IDLE_TIMEOUT_MS = 300_000;
const DAY_MS = 24 * 3_600_000;

/** @throws DomainError INVALID_ARGUMENT (INVALID_SPEC) naming the field */
export function resolveAutoscaling(asked: AutoscalingRequest): Autoscaling {
  const { minReplicas, maxReplicas } = asked;
  if (maxReplicas < 1 || maxReplicas > MAX_REPLICAS) {
    throw invalid('max_replicas', `is ${maxReplicas}; it can be 1 to ${MAX_REPLICAS}`);
  }
  if (minReplicas > maxReplicas) {
    throw invalid('min_replicas', `is ${minReplicas}, more than max_replicas, which is ${maxReplicas}`);
  }
  if (asked.targetPercent > 100) throw invalid('target_percent', `is ${asked.targetPercent}; it can be 1 to 100`);
  return {
    minReplicas,
    maxReplicas,
    targetPercent: asked.targetPercent || DEFAULT_TARGET_PERCENT,
    idleTimeoutMs: checkedIdleTimeout(asked.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS),
  };
}

/** The number nearest to the one given that demand could have decided too. */
export function bounded({ minReplicas, maxReplicas }: Autoscaling, replicas: number): number {
  return Math.min(Math.max(replicas, minReplicas), maxReplicas);
}

/**
 * How many replicas a deployment has after an update of its scale.
 * @throws DomainError FAILED_PRECONDITION (REPLICAS_FOLLOW_DEMAND) for a number where demand goes on deciding it
 */
export function rescaled(
  before: { readonly replicas: number; readonly autoscaling: Autoscaling | null },
  change: { readonly replicas?: number; readonly autoscaling?: Autoscaling | null },
): { readonly replicas: number; readonly autoscaling: Autoscaling | null } {
  const autoscaling = change.autoscaling === undefined ? before.autoscaling : change.autoscaling;
  if (autoscaling === null) return { autoscaling, replicas: change.replicas ?? before.replicas };
  if (change.replicas !== undefined && change.autoscaling === undefined) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'REPLICAS_FOLLOW_DEMAND',
      `demand decides between ${autoscaling.minReplicas} and ${autoscaling.maxReplicas} replicas; change ` +
        'spec.autoscaling, or clear it in the same update to set the number by hand',
      { details: { field: 'spec.replicas' } },
    );
  }
  return { autoscaling, replicas: bounded(autoscaling, change.replicas ?? before.replicas) };
}

function checkedIdleTimeout(milliseconds: number): number {
  if (milliseconds >= 0 && milliseconds <= DAY_MS) return milliseconds;
  throw invalid('idle_timeout', `is ${milliseconds} ms; it can be 0 to ${DAY_MS} ms`);
}

function invalid(name: string, problem: string): DomainError {
  const field = `autoscaling.${name}`;
  return new DomainError('INVALID_ARGUMENT', 'INVALID_SPEC', `spec.${field} ${problem}`, { details: { field } });
}
