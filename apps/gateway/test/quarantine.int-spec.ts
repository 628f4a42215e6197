import { schedulingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { aRoute } from './scripted-agent.ts';

const { ROUTE_CAUSE_NODE_LOST, ROUTE_CAUSE_SCALED } = schedulingV1.RouteCause;
const NOBODY = { address: { $case: 'direct' as const, direct: { host: '127.0.0.1', port: 1 } } };

describe('routes that all lose their nodes at once', () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
  });
  afterAll(() => gateway.close());

  const emptied = (route: schedulingV1.RouteRecord, cause: schedulingV1.RouteCause) => ({
    ...route,
    state: schedulingV1.RouteState.ROUTE_STATE_COLD,
    cause,
    targets: route.targets.map((target) => ({ ...target, replicas: [] })),
    generation: gateway.cell.nextGeneration(),
  });

  it('keep what still answers, until their owner means it', async () => {
    const replicas = Array.from({ length: 4 }, (_, at) => gateway.agent.replica({ replicaId: `rep_${at}` }));
    const routes = [...replicas, gateway.agent.replica({ replicaId: 'rep_gone', address: NOBODY })].map((replica) =>
      aRoute(gateway.cell, [replica]),
    );
    const names = await Promise.all(routes.map((route) => gateway.addRoute(route)));
    const statuses = () => Promise.all(names.map(async (model) => (await gateway.chat({ model })).status));
    const states = async () => {
      const models = await Promise.all(names.map((name) => gateway.openai().models.retrieve(name)));
      return models.map((model) => (model as unknown as { state: string }).state);
    };

    for (const route of routes) {
      await gateway.cell.publishRoutes(emptied(route, ROUTE_CAUSE_NODE_LOST));
    }
    // Partitions are read in any order, so which three losses came first is open; the one at no address goes anyway.
    await eventually(
      async () => expect((await states()).filter((state) => state === 'cold').length).toBeGreaterThanOrEqual(3),
      WITHIN,
    );
    await eventually(async () => {
      const found = await states();
      expect(found[4]).toBe('cold');
      expect(found.filter((state) => state === 'ready').length).toBeGreaterThanOrEqual(1);
    }, WITHIN);
    expect((await statuses()).filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
    expect(gateway.logs.join()).toContain('too many routes lost replicas at once');

    for (const route of routes) await gateway.cell.publishRoutes(emptied(route, ROUTE_CAUSE_SCALED));
    await eventually(async () => expect(await states()).toEqual(['cold', 'cold', 'cold', 'cold', 'cold']), WITHIN);
  });
});
