import { schedulingV1 } from '@ostro/contracts';
import { fromProto } from './route-record.ts';

const FRENCH = { countries: ['FR'], operators: ['acme'], certifications: ['hds'] };
const SITE = { country: 'FR', operator: 'acme', certifications: ['hds', 'iso27001'] };

type Target = Parameters<typeof schedulingV1.RouteTarget.fromPartial>[0];

/** What a gateway makes of the first target of a record, which goes over the wire on the way. */
function readTarget(target: Target) {
  const record = schedulingV1.RouteRecord.fromPartial({
    endpoint: { endpointId: 'ept_1' },
    state: schedulingV1.RouteState.ROUTE_STATE_READY,
    targets: [target],
  });
  const bytes = schedulingV1.RouteRecord.encode(record).finish();
  return fromProto(schedulingV1.RouteRecord.decode(bytes))!.targets[0]!;
}

describe('a record of a route', () => {
  it('says where requests may be served, and where each replica stands', () => {
    const replica = { replicaId: 'rep_1', nodeId: 'nod_1', siteId: 'lyon-1', concurrency: 4, ...SITE };
    const target = readTarget({ residency: FRENCH, replicas: [replica] });
    expect(target.residency).toEqual(FRENCH);
    expect(target.replicas).toEqual([
      { replicaId: 'rep_1', nodeId: 'nod_1', concurrency: 4, address: undefined, ...SITE },
    ]);
  });

  it('restricts nothing where it is of a scheduler that does not say', () => {
    expect(readTarget({}).residency).toEqual({ countries: [], operators: [], certifications: [] });
  });

  it('leaves unknown where a replica stands that does not say', () => {
    const [replica] = readTarget({ residency: FRENCH, replicas: [{ replicaId: 'rep_1' }] }).replicas;
    expect(replica).toMatchObject({ country: '', operator: '', certifications: [] });
  });
});
