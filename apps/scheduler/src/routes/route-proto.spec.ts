import { schedulingV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { aNode, aReplica, aRevision, aSpec, DEPLOYMENT, REVISION } from '../../test/builders.ts';
import { type Route, routeOf, type RouteTarget } from '../domain/route.ts';
import type { Endpoint } from '../endpoints/endpoints.repository.ts';
import { routeToProto } from './route-proto.ts';

const node = aNode();
const residency = { countries: ['FR', 'DE'], operators: ['Acme SA'], certifications: ['hds'] };
const endpoint: Endpoint = {
  id: randomIds('ept'),
  organizationId: node.organizationId,
  projectId: randomIds('prj'),
  name: 'tiny',
  targets: [],
  createdAt: new Date(0),
};

/** The first target of a route as a gateway reads it. */
function onTheWire(route: Route): schedulingV1.RouteTarget {
  const record = routeToProto(endpoint, route, { epoch: 1n, generation: 1n, cause: 'added', cellId: 'cell-1' });
  return schedulingV1.RouteRecord.decode(schedulingV1.RouteRecord.encode(record).finish()).targets[0]!;
}

function aRoute(): Route {
  const backend = {
    deploymentId: DEPLOYMENT,
    weight: 1,
    isDeleting: false,
    isScalable: false,
    currentRevisionId: REVISION,
    revisions: [aRevision({ spec: aSpec({ residency }) })],
    replicas: [aReplica({ nodeId: node.id })],
  };
  return routeOf([backend], new Map([[node.id, node]]));
}

describe('the record of a route', () => {
  it('tells gateways where requests may be served, and where each replica stands', () => {
    const target = onTheWire(aRoute());
    expect(target.residency).toEqual(residency);
    expect(target.replicas).toMatchObject([{ nodeId: node.id, ...node.site }]);
  });

  it('tells no policy for a route that was stored before routes told it', () => {
    const { state, targets } = aRoute();
    const { residency: _told, ...stored } = targets[0] as RouteTarget;
    expect(onTheWire({ state, targets: [stored] }).residency).toBeUndefined();
  });
});
