import { aKnownRoute, aReplica, aTarget } from '../../test/builders.ts';
import { replicasOf, type Route, type RouteCause } from './route.ts';
import { RouteGuard } from './route-guard.ts';

const lost = (route: Route, cause: RouteCause): Route => ({ ...route, cause, targets: [aTarget([])] });

/** How many of so many routes keep their replicas when all lose them, one after the other. */
function kept(routes: number, cause: RouteCause, everyMs = 0): number {
  const guard = new RouteGuard();
  const all = Array.from({ length: routes }, (_, at) => aKnownRoute(`ept_${at}`));
  return all.filter((route, at) => guard.quarantined(route, lost(route, cause), { routes, nowMs: at * everyMs }))
    .length;
}

describe('losses of replicas', () => {
  it('that are intended pass, however many', () => {
    expect(kept(100, 'intended')).toBe(0);
  });

  it.each<[number, RouteCause, number]>([
    [100, 'node_lost', 70],
    [100, 'unknown', 70],
    [10, 'node_lost', 7],
    [5, 'node_lost', 2],
    [3, 'node_lost', 0],
  ])('of %i routes by %s: %i are kept', (routes, cause, expected) => {
    expect(kept(routes, cause)).toBe(expected);
  });

  it('pass when they come slowly', () => {
    expect(kept(100, 'node_lost', 20_001)).toBe(0);
  });

  const exhausted = () => {
    const guard = new RouteGuard();
    for (let at = 0; at < 3; at++) guard.quarantined(aKnownRoute('x'), undefined, { routes: 1, nowMs: 0 });
    return guard;
  };
  const now = { routes: 1, nowMs: 0 };

  it('count when a record vanishes without a word, and not when it was deleted', () => {
    const route = aKnownRoute('ept_1');
    expect(exhausted().quarantined(route, undefined, now)).toBe(route);
    expect(exhausted().quarantined({ ...route, isDeleted: true }, undefined, now)).toBeUndefined();
    expect(exhausted().quarantined(route, { ...route, isDeleted: true, cause: 'unknown' }, now)).toBeUndefined();
  });

  it('leave the rest of the new record in force, and replicas that are new too', () => {
    const previous = aKnownRoute('ept_1', { targets: [aTarget([aReplica('a'), aReplica('b')])] });
    const next = {
      ...previous,
      name: 'renamed',
      cause: 'node_lost' as const,
      targets: [aTarget([aReplica('b'), aReplica('c')])],
    };
    const used = exhausted().quarantined(previous, next, now)!;
    expect([used.name, replicasOf(used).map(({ replicaId }) => replicaId)]).toEqual(['renamed', ['b', 'c', 'a']]);
  });
});
