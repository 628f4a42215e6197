import { type DynamicModule, Module } from '@nestjs/common';
import type { identityV1, registryV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import type { Outbox } from '@ostro/messaging';
import type { TransactionRunner } from '@ostro/persistence';
import { RecordSigner, type ServiceIdentity } from '@ostro/pki';
import type { Profile } from '@ostro/placement';
import type { ServiceContext } from '@ostro/service-host';
import { DecisionsRepository } from './decisions/decisions.repository.ts';
import { DeploymentsGrpc } from './deployments/deployments.grpc.ts';
import { DeploymentsRepository } from './deployments/deployments.repository.ts';
import { DeploymentsService } from './deployments/deployments.service.ts';
import { DeploymentsView } from './deployments/deployments.view.ts';
import { ModelResolver } from './deployments/model-resolver.ts';
import { RevisionsRepository } from './deployments/revisions.repository.ts';
import { PlacementDemand } from './domain/placement-demand.ts';
import { EndpointsGrpc } from './endpoints/endpoints.grpc.ts';
import { EndpointsRepository } from './endpoints/endpoints.repository.ts';
import { ReplicaEvents } from './events/replica-events.ts';
import { RouteRecords } from './events/route-records.ts';
import { DeadNodes } from './nodes/dead-nodes.ts';
import { DesiredStatesView } from './nodes/desired-states.view.ts';
import { LogFollower } from './logs/log-follower.ts';
import { LogRelay } from './logs/log-relay.ts';
import { NodeControlGrpc } from './nodes/node-control.grpc.ts';
import { NodeEnrolment } from './nodes/node-enrolment.ts';
import { NodeReportsService } from './nodes/node-reports.service.ts';
import { NodeSessions } from './nodes/node-sessions.ts';
import { NodesGrpc } from './nodes/nodes.grpc.ts';
import { NodesRepository } from './nodes/nodes.repository.ts';
import { NodesService } from './nodes/nodes.service.ts';
import { DeploymentReconciler } from './replicas/deployment.reconciler.ts';
import { Placer } from './replicas/placer.ts';
import { PlanWriter } from './replicas/plan-writer.ts';
import { ReplicaChanges } from './replicas/replica-changes.ts';
import { ReplicasRepository } from './replicas/replicas.repository.ts';
import { Retention } from './retention.ts';
import { RoutesService } from './routes/routes.service.ts';
import type { SchedulerConfig } from './scheduler.config.ts';
import { ActivationsGrpc } from './scaling/activations.grpc.ts';
import { ActivationsService } from './scaling/activations.service.ts';
import { DemandLeasesRepository } from './scaling/demand-leases.repository.ts';
import { Scaler } from './scaling/scaler.ts';
import { ScalingRepository } from './scaling/scaling.repository.ts';
import { SchedulerMetrics } from './scheduler-metrics.ts';

/** What the scheduler is built on: everything that was opened and must be closed again is in here, and nothing else. */
export interface SchedulerParts {
  readonly config: SchedulerConfig;
  readonly transactions: TransactionRunner;
  readonly outbox: Outbox;
  readonly identity: ServiceIdentity;
  readonly profile: Profile;
  readonly registryClient: GrpcClient<typeof registryV1.ModelServiceService>;
  readonly identityClient: GrpcClient<typeof identityV1.NodeEnrolmentServiceService>;
  readonly context: ServiceContext;
}

/** The whole graph of objects, made in one place and checked by the compiler. */
export function composeScheduler(parts: SchedulerParts) {
  const { config, transactions, outbox, context } = parts;
  const { cellId } = config.process;
  const deployments = new DeploymentsRepository();
  const revisions = new RevisionsRepository();
  const endpoints = new EndpointsRepository();
  const replicas = new ReplicasRepository();
  const nodes = new NodesRepository();
  const decisions = new DecisionsRepository();
  const scaling = new ScalingRepository();
  const stores = { deployments, revisions, endpoints, replicas, nodes, scaling };

  const records = new RouteRecords(outbox, new RecordSigner(parts.identity.signer), cellId, context);
  const routes = new RoutesService(endpoints, deployments, revisions, replicas, nodes, records);
  const changes = new ReplicaChanges(replicas, new ReplicaEvents(outbox, cellId, context), routes);
  const metrics = new SchedulerMetrics(context.metrics, transactions, replicas);
  const placementDemand = new PlacementDemand();
  const placer = new Placer(transactions, nodes, decisions, parts.profile, placementDemand, context);
  const leases = new DemandLeasesRepository();
  const scaler = new Scaler(scaling, leases, context);
  const writer = new PlanWriter(transactions, { stores, placer, scaler, changes, routes }, context);

  const view = new DeploymentsView(transactions, deployments, revisions, replicas);
  const models = new ModelResolver(parts.registryClient);
  const logs = new LogRelay(context.incarnation);
  const sessions = new NodeSessions({
    enrolment: new NodeEnrolment(transactions, nodes, parts.identityClient),
    reports: new NodeReportsService(transactions, stores, changes, context),
    desired: new DesiredStatesView(transactions, stores, {
      blobBaseUrl: config.registryBlobUrl,
      gatewayGroups: config.gatewayGroups,
    }),
    logs,
    logger: context.logger,
  });
  return {
    transactions,
    records,
    metrics,
    sessions,
    restoreDemand: async () => placementDemand.restore(await transactions.run((tx) => replicas.latestNeeds(tx))),
    reconciler: new DeploymentReconciler(transactions, { stores, placer, scaler, writer }, context, (pass) =>
      metrics.passed(pass),
    ),
    activations: new ActivationsService(transactions, { deployments, replicas, leases }, routes, context),
    retention: new Retention(transactions, leases, context),
    deadNodes: new DeadNodes(transactions, stores, changes, context, config.nodeDeadAfterMs),
    deployments: new DeploymentsService(transactions, stores, models, routes, view, context),
    view,
    endpoints,
    nodes: new NodesService(transactions, nodes, deployments, context),
    decisions,
    scaling,
    logs: new LogFollower(logs, sessions, context),
  };
}

export type SchedulerGraph = ReturnType<typeof composeScheduler>;

/** The services as Nest's controllers ask for them: each class is its own token. */
const provide = (...instances: object[]) =>
  instances.map((instance) => ({ provide: instance.constructor, useValue: instance }));

@Module({})
export class SchedulerModule {
  static of(graph: SchedulerGraph): DynamicModule {
    const { transactions, sessions, deployments, view, endpoints, nodes, decisions, scaling, activations, logs } =
      graph;
    return {
      module: SchedulerModule,
      controllers: [DeploymentsGrpc, EndpointsGrpc, NodesGrpc, ActivationsGrpc, NodeControlGrpc],
      providers: provide(
        transactions,
        sessions,
        deployments,
        view,
        endpoints,
        nodes,
        decisions,
        scaling,
        activations,
        logs,
      ),
    };
  }
}
