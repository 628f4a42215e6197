import { createDataSource } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import { DecisionEntity } from './decisions/decision.entity.ts';
import { DeploymentEntity } from './deployments/deployment.entity.ts';
import { RevisionEntity } from './deployments/revision.entity.ts';
import { EndpointEntity } from './endpoints/endpoint.entity.ts';
import { CreateScheduler20261122130000 } from './migrations/20261122-1300-create-scheduler.ts';
import { NodeEntity } from './nodes/node.entity.ts';
import { ReplicaEntity } from './replicas/replica.entity.ts';

export const SCHEMA = 'scheduler';

export function schedulerDataSource(url: string): DataSource {
  return createDataSource({
    url,
    schema: SCHEMA,
    entities: [DeploymentEntity, RevisionEntity, EndpointEntity, ReplicaEntity, NodeEntity, DecisionEntity],
    migrations: [CreateScheduler20261122130000],
    applicationName: 'scheduler',
  });
}
