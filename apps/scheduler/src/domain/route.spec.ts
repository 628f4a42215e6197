import { aNode, aReplica, aRevision, aSpec, DEPLOYMENT, OLD_REVISION, REVISION } from '../../test/builders.ts';
import type { Replica } from './replica.ts';
import { type Backend, causeOf, type Route, routeOf } from './route.ts';

const node = aNode();
const nodes = new Map([[node.id, node]]);
const here = (overrides: Partial<Replica> = {}) => aReplica({ nodeId: node.id, ...overrides });

function aBackend(overrides: Partial<Backend> = {}): Backend {
  return {
    deploymentId: DEPLOYMENT,
    weight: 1,
    isDeleting: false,
    isScalable: false,
    currentRevisionId: REVISION,
    revisions: [aRevision()],
    replicas: [],
    ...overrides,
  };
}

describe('a route', () => {
  it('lists the replicas that serve, with what a caller of their site needs to know', () => {
    const ready = here();
    const route = routeOf(
      [aBackend({ replicas: [ready, here({ phase: 'loading' }), here({ phase: 'draining' })] })],
      nodes,
    );
    expect(route.state).toBe('ready');
    expect(route.targets[0]!.replicas).toEqual([
      { replicaId: ready.id, nodeId: node.id, ...node.site, address: node.address, concurrency: 4 },
    ]);
  });

  it('is cold without a replica, and still knows the model and its limits', () => {
    const route = routeOf([aBackend()], nodes);
    expect(route).toMatchObject({ state: 'cold', targets: [{ modelName: 'tiny', contextTokens: 4096, replicas: [] }] });
  });

  it('leaves out a replica that nobody can reach yet', () => {
    const unreachable = new Map([[node.id, { ...node, address: null }]]);
    expect(routeOf([aBackend({ replicas: [here()] })], unreachable).state).toBe('cold');
  });

  it('is deleted as soon as all behind it is, though streams still finish', () => {
    expect(routeOf([aBackend({ isDeleting: true, replicas: [here()] })], nodes)).toEqual({
      state: 'deleted',
      targets: [],
    });
  });

  it('shares the weight of a deployment between two revisions by the replicas that serve them', () => {
    const revisions = [aRevision({ id: OLD_REVISION }), aRevision({ number: 2 })];
    const replicas = [here({ revisionId: OLD_REVISION }), here(), here()];
    const { targets } = routeOf([aBackend({ revisions, replicas })], nodes);
    expect(targets.map(({ revisionId, weight }) => [revisionId, weight])).toEqual([
      [OLD_REVISION, 333],
      [REVISION, 667],
    ]);
  });

  it('says of each revision where its requests may be served', () => {
    const inCountry = (country: string) => ({ residency: { countries: [country], operators: [], certifications: [] } });
    const revisions = [
      aRevision({ id: OLD_REVISION, spec: aSpec(inCountry('DE')) }),
      aRevision({ number: 2, spec: aSpec(inCountry('FR')) }),
    ];
    const { targets } = routeOf(
      [aBackend({ revisions, replicas: [here({ revisionId: OLD_REVISION }), here()] })],
      nodes,
    );
    expect(targets.map(({ residency }) => residency?.countries)).toEqual([['DE'], ['FR']]);
    expect(routeOf([aBackend({ revisions })], nodes).targets.at(-1)!.residency?.countries).toEqual(['FR']);
  });

  it('shows no new revision before it serves', () => {
    const revisions = [aRevision({ id: OLD_REVISION }), aRevision({ number: 2 })];
    const { targets } = routeOf([aBackend({ revisions, replicas: [here({ revisionId: OLD_REVISION })] })], nodes);
    expect(targets.map(({ revisionId }) => revisionId)).toEqual([OLD_REVISION]);
  });
});

describe('the cause of a change', () => {
  const cold: Route = routeOf([aBackend()], nodes);
  const gone = here();
  const before = routeOf([aBackend({ replicas: [gone] })], nodes);
  const became = (overrides: Partial<Replica>) => new Map([[gone.id, { ...gone, ...overrides }]]);

  it.each([
    ['node_lost', { phase: 'failed', reason: 'NODE_LOST' }],
    ['replica_failed', { phase: 'failed', reason: 'EXITED' }],
    ['replica_failed', { phase: 'loading', reason: 'RESTARTING' }],
    ['rolled', { phase: 'draining', reason: 'ROLLED_OUT' }],
    ['scaled', { phase: 'draining', reason: 'SCALED_DOWN' }],
    ['scaled', { phase: 'draining', reason: 'NODE_DRAINING' }],
    ['scaled', { phase: 'stopped', reason: 'SCALED_DOWN' }],
  ] as const)('is %s for a replica that became %o', (cause, fate) => {
    expect(causeOf(before, cold, became(fate))).toBe(cause);
  });

  it('is added when nothing left', () => {
    expect(causeOf(undefined, cold, new Map())).toBe('added');
    expect(causeOf(cold, before, new Map())).toBe('added');
  });

  it('is deleted whatever else happened', () => {
    expect(causeOf(before, { state: 'deleted', targets: [] }, became({ phase: 'failed', reason: 'NODE_LOST' }))).toBe(
      'deleted',
    );
  });

  it('is the one that gateways guard when an intended loss comes with an unintended one', () => {
    const [a, b] = [here(), here()];
    const both = routeOf([aBackend({ replicas: [a, b] })], nodes);
    const fates = new Map<Replica['id'], Replica>([
      [a.id, { ...a, phase: 'draining', reason: 'SCALED_DOWN' }],
      [b.id, { ...b, phase: 'failed', reason: 'NODE_LOST' }],
    ]);
    expect(causeOf(both, cold, fates)).toBe('node_lost');
  });
});
