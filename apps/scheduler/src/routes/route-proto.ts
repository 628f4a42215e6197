import { schedulingV1 } from '@ostro/contracts';
import type { Generation } from '@ostro/kernel';
import { residencyToProto } from '../deployments/spec-proto.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { Route, RouteCause, RouteReplica, RouteState, RouteTarget } from '../domain/route.ts';
import type { Endpoint } from '../endpoints/endpoints.repository.ts';

const STATES: Readonly<Record<RouteState, schedulingV1.RouteState>> = {
  ready: schedulingV1.RouteState.ROUTE_STATE_READY,
  cold: schedulingV1.RouteState.ROUTE_STATE_COLD,
  deleted: schedulingV1.RouteState.ROUTE_STATE_DELETED,
};

const CAUSES: Readonly<Record<RouteCause, schedulingV1.RouteCause>> = {
  added: schedulingV1.RouteCause.ROUTE_CAUSE_ADDED,
  scaled: schedulingV1.RouteCause.ROUTE_CAUSE_SCALED,
  rolled: schedulingV1.RouteCause.ROUTE_CAUSE_ROLLED,
  node_lost: schedulingV1.RouteCause.ROUTE_CAUSE_NODE_LOST,
  replica_failed: schedulingV1.RouteCause.ROUTE_CAUSE_REPLICA_FAILED,
  deleted: schedulingV1.RouteCause.ROUTE_CAUSE_DELETED,
};

export interface RouteVersion extends Generation {
  readonly cause: RouteCause;
  readonly cellId: string;
}

export function routeToProto(endpoint: Endpoint, route: Route, version: RouteVersion): schedulingV1.RouteRecord {
  return {
    ...version,
    endpoint: endpointToProto(endpoint),
    state: STATES[route.state],
    cause: CAUSES[version.cause],
    targets: route.targets.map(targetToProto),
  };
}

/** Audience, prices and terms are what a new endpoint has: its project, the default book, none. */
export function endpointToProto(endpoint: Endpoint): schedulingV1.Endpoint {
  return {
    endpointId: endpoint.id,
    organizationId: endpoint.organizationId,
    projectId: endpoint.projectId,
    name: endpoint.name,
    targets: [...endpoint.targets],
    audience: schedulingV1.Audience.AUDIENCE_PROJECT,
    listedOrganizationIds: [],
    priceBookId: '',
    sku: '',
    termsUrl: '',
    createTime: endpoint.createdAt,
  };
}

function targetToProto({ residency, replicas, ...target }: RouteTarget): schedulingV1.RouteTarget {
  return { ...target, residency: residency && residencyToProto(residency), replicas: replicas.map(replicaToProto) };
}

function replicaToProto({ certifications, address, ...replica }: RouteReplica): schedulingV1.RouteReplica {
  return { ...replica, certifications: [...certifications], address: addressToProto(address) };
}

function addressToProto(address: NodeAddress): schedulingV1.ReplicaAddress {
  return 'tunnelNodeId' in address
    ? { address: { $case: 'tunnel', tunnel: { nodeId: address.tunnelNodeId } } }
    : { address: { $case: 'direct', direct: { host: address.host, port: address.port } } };
}
