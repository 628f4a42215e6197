import { EMPTY_HISTORY, type ScalingHistory, type ScalingPolicy } from '@ostro/autoscaling';
import type { Id } from '@ostro/kernel';
import type { EngineFactory } from '../engine/create-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { Histogram } from '../metrics/histogram.ts';
import { Recent } from '../metrics/recent.ts';
import type { SimulatedDeployment, SimulatedRequest } from '../scenario.ts';
import type { SimulatedReplica } from './replica.ts';
import type { Router } from './router.ts';

/** What the simulator keeps of one deployment. */
export class Deployment {
  readonly id: Id<'dep'>;
  readonly spec: SimulatedDeployment;
  readonly policy: ScalingPolicy;
  readonly factory: EngineFactory;
  readonly router: Router;
  readonly digest: string;
  /** Never serves: asked what its kind would refuse. */
  readonly probe: Engine;
  /** In order of their start. */
  replicas: SimulatedReplica[] = [];
  /** Requests that wait for a replica or a free place, in order of arrival. */
  readonly held: SimulatedRequest[] = [];
  history: ScalingHistory = EMPTY_HISTORY;
  arrivedSinceScaling = 0;
  nextTickMs = Infinity;
  /** Not placed again before then, unless something was released: it fitted nowhere. */
  blockedUntilMs = 0;
  blockedAtRelease = -1;

  arrived = 0;
  completed = 0;
  refused = 0;
  coldStarts = 0;
  gpuMs = 0;
  readonly waitMs = new Histogram();
  readonly ttftMs = new Histogram();
  readonly recentTtftMs = new Recent();
  readonly recentTpotMs = new Recent();

  constructor(
    at: number,
    spec: SimulatedDeployment,
    policy: ScalingPolicy,
    parts: { factory: EngineFactory; router: Router },
  ) {
    this.id = `dep_${String(at + 1).padStart(6, '0')}`;
    this.spec = spec;
    this.policy = spec.autoscaling ?? policy;
    this.factory = parts.factory;
    this.router = parts.router;
    this.probe = parts.factory.create();
    this.digest = `simulated:${spec.name}`;
  }

  inPhase(phase: SimulatedReplica['phase']): SimulatedReplica[] {
    return this.replicas.filter((replica) => replica.phase === phase);
  }

  get inFlight(): number {
    return this.replicas.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }
}
