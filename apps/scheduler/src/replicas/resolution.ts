import type { Id } from '@ostro/kernel';
import type { DeploymentsRepository } from '../deployments/deployments.repository.ts';
import type { Revision, RevisionsRepository } from '../deployments/revisions.repository.ts';
import type { Deployment, Plan } from '../domain/deployment.ts';
import type { Replica } from '../domain/replica.ts';
import type { Scale } from '../domain/scaling.ts';
import type { NodesRepository } from '../nodes/nodes.repository.ts';
import type { Decided } from './placer.ts';
import type { ReplicasRepository } from './replicas.repository.ts';

export interface ReconcilerStores {
  readonly deployments: DeploymentsRepository;
  readonly revisions: RevisionsRepository;
  readonly replicas: ReplicasRepository;
  readonly nodes: NodesRepository;
}

/** What a pass decides on. */
export interface View {
  readonly deployment: Deployment;
  readonly revision: Revision;
  readonly replicas: readonly Replica[];
  readonly leavingNodes: ReadonlySet<Id<'nod'>>;
  /** How many requests each replica serves. */
  readonly running: ReadonlyMap<string, number>;
  /** Absent: the number of replicas is set by hand. */
  readonly scale: Scale | undefined;
}

/** What a pass decided. */
export interface Resolution {
  readonly view: View;
  readonly plan: Plan;
  readonly decisions: readonly Decided[];
}
