import { createDataSource } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import { DecisionEntity } from './decisions/decision.entity.ts';
import { DeploymentEntity } from './deployments/deployment.entity.ts';
import { RevisionEntity } from './deployments/revision.entity.ts';
import { EndpointEntity } from './endpoints/endpoint.entity.ts';
import { CreateScheduler20261122130000 } from './migrations/20261122-1300-create-scheduler.ts';
import { AddAutoscaling20261122180000 } from './migrations/20261122-1800-add-autoscaling.ts';
import { AddDemandLeases20261122183000 } from './migrations/20261122-1830-add-demand-leases.ts';
import { AddDemandMixes20261122193000 } from './migrations/20261122-1930-add-demand-mixes.ts';
import { NodeEntity } from './nodes/node.entity.ts';
import { ReplicaEntity } from './replicas/replica.entity.ts';
import { ScalingDecisionEntity } from './scaling/scaling-decision.entity.ts';

export const SCHEMA = 'scheduler';

export function schedulerDataSource(url: string): DataSource {
  return createDataSource({
    url,
    schema: SCHEMA,
    entities: [
      DeploymentEntity,
      RevisionEntity,
      EndpointEntity,
      ReplicaEntity,
      NodeEntity,
      DecisionEntity,
      ScalingDecisionEntity,
    ],
    migrations: [
      CreateScheduler20261122130000,
      AddAutoscaling20261122180000,
      AddDemandLeases20261122183000,
      AddDemandMixes20261122193000,
    ],
    applicationName: 'scheduler',
  });
}
