import { schedulingV1 } from '@ostro/contracts';
import { ANYWHERE } from '@ostro/routing';
import type { Audience, Replica, Route, RouteCause, Target } from '../domain/route.ts';

const { Audience: A, RouteCause: C, RouteState } = schedulingV1;

const AUDIENCES: Readonly<Partial<Record<schedulingV1.Audience, Audience>>> = {
  [A.AUDIENCE_ORGANIZATION]: 'organization',
  [A.AUDIENCE_LISTED]: 'listed',
  [A.AUDIENCE_EVERYONE]: 'everyone',
};

const UNINTENDED: Readonly<Partial<Record<schedulingV1.RouteCause, RouteCause>>> = {
  [C.ROUTE_CAUSE_UNSPECIFIED]: 'unknown',
  [C.UNRECOGNIZED]: 'unknown',
  [C.ROUTE_CAUSE_NODE_LOST]: 'node_lost',
};

/** Undefined when the record names no endpoint. */
export function fromProto(record: schedulingV1.RouteRecord): Route | undefined {
  const { endpoint, state, cause, epoch, generation } = record;
  if (endpoint === undefined) return undefined;
  const isReady = state === RouteState.ROUTE_STATE_READY;
  return {
    endpointId: endpoint.endpointId,
    name: endpoint.name,
    organizationId: endpoint.organizationId,
    projectId: endpoint.projectId,
    audience: AUDIENCES[endpoint.audience] ?? 'project',
    listedOrganizationIds: endpoint.listedOrganizationIds,
    priceBookId: endpoint.priceBookId,
    sku: endpoint.sku,
    createdAt: endpoint.createTime,
    isDeleted: state === RouteState.ROUTE_STATE_DELETED,
    cause: UNINTENDED[cause] ?? 'intended',
    targets: record.targets.map((target) => fromTarget(target, isReady)),
    generation: { epoch, generation },
  };
}

/** A cold route keeps its deployments, since /v1/models shows them, but nothing of it takes a request. */
function fromTarget(target: schedulingV1.RouteTarget, isReady: boolean): Target {
  const { deploymentId, revisionId, weight, modelDigest, modelName, contextTokens, maxOutputTokens } = target;
  return {
    deploymentId,
    revisionId,
    weight,
    modelDigest,
    modelName,
    contextTokens,
    maxOutputTokens,
    defaultMaxOutputTokens: target.defaultMaxOutputTokens,
    isEmbedding: target.embedding,
    isScalable: target.scalable,
    residency: target.residency ?? ANYWHERE,
    replicas: isReady ? target.replicas.map(fromReplica) : [],
  };
}

function fromReplica({ address, siteId: _site, ...replica }: schedulingV1.RouteReplica): Replica {
  const direct = address?.address?.$case === 'direct' ? address.address.direct : undefined;
  return { ...replica, address: direct && hostPort(direct) };
}

function hostPort({ host, port }: schedulingV1.DirectAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
