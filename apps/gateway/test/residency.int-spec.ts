import { schedulingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { type AgentScript, answerChat, aRoute, refuse, ScriptedAgent } from './scripted-agent.ts';

const HOLD_MS = 2_000;
const PROMPT = 'a prompt that stays in France';
const FRANCE = { countries: ['FR'], operators: [], certifications: [] };

type Replica = Partial<schedulingV1.RouteReplica>;
type Target = Partial<schedulingV1.RouteTarget>;

describe('a request with a residency', () => {
  let gateway: RunningGateway;
  let french: ScriptedAgent;

  beforeAll(async () => {
    gateway = await RunningGateway.open({ OSTRO_MAX_HOLD_MS: `${HOLD_MS}`, OSTRO_ADMISSION_WAIT_MS: '1500' });
    french = await ScriptedAgent.open(gateway.cell);
  });
  afterAll(async () => {
    await french.close();
    await gateway.close();
  });
  beforeEach(() => {
    foreign().calls.length = 0;
    french.calls.length = 0;
    french.script = answerChat('Bonjour');
  });

  const foreign = () => gateway.agent;
  const ask = (model: string) => gateway.chat({ model, messages: [{ role: 'user', content: PROMPT }] });

  /** A route to the foreign agent alone. */
  const routeAbroad = (replica: Replica, target: Target = {}) =>
    aRoute(gateway.cell, [foreign().replica(replica)], { target: { residency: FRANCE, ...target } });

  const routeToBoth = () => {
    const replicas = [
      french.replica({ replicaId: 'rep_b', country: 'FR', concurrency: 1 }),
      foreign().replica({ replicaId: 'rep_a', country: 'US' }),
    ];
    return aRoute(gateway.cell, replicas, { target: { residency: FRANCE } });
  };

  const expectForbidden = async (response: Response) => {
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    const body: unknown = await response.json();
    expect(body).toMatchObject({ error: { type: 'server_error', param: null, code: 'residency_not_satisfied' } });
    expect(foreign().calls).toEqual([]);
  };

  it.each<[string, Replica, Target]>([
    ['stands in another country', { country: 'US' }, {}],
    ['does not say its country', {}, {}],
    ['is of another operator', { operator: 'other' }, { residency: { ...FRANCE, countries: [], operators: ['acme'] } }],
    ['lacks a certification', { country: 'FR' }, { residency: { ...FRANCE, certifications: ['hds'] } }],
  ])('is never sent to the only replica when that %s', async (_word, replica, target) => {
    const model = await gateway.addRoute(routeAbroad(replica, target));
    await expectForbidden(await ask(model));
    await eventually(async () => {
      const metrics = await gateway.context.metrics.registry.metrics();
      expect(metrics).toContain(`gen_ai_request_model="${model}",error_type="residency_not_satisfied"} 1`);
    }, WITHIN);
    expect(gateway.logs.join()).not.toContain(PROMPT);
  });

  it.each<[string, AgentScript, string]>([
    ['fails', (_call, response) => void response.destroy(), 'no_replica_answers'],
    ['is busy', refuse(429, 'busy'), 'overloaded'],
  ])('is tried nowhere else when the one allowed %s', async (_word, script, code) => {
    french.script = script;
    const response = await ask(await gateway.addRoute(routeToBoth()));
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(french.calls.length).toBeGreaterThan(0);
    expect(foreign().calls).toEqual([]);
  });

  it('does not wait for a place where it may not go', async () => {
    const model = await gateway.addRoute(
      aRoute(gateway.cell, [foreign().replica({ replicaId: 'rep_full', concurrency: 1 })]),
    );
    let finish = (): void => undefined;
    foreign().script = (call, response) => void (finish = () => void answerChat('done')(call, response));
    const running = ask(model);
    await eventually(() => expect(foreign().calls).toHaveLength(1), WITHIN);
    foreign().calls.length = 0;
    const full = { replicaId: 'rep_full', concurrency: 1, country: 'US' };
    const startedAt = Date.now();
    await expectForbidden(await ask(await gateway.addRoute(routeAbroad(full))));
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    finish();
    foreign().script = answerChat('Hello');
    expect((await running).status).toBe(200);
  });

  it('is held where more replicas can be had, and goes to none of those that come in a wrong place', async () => {
    const cold = aRoute(gateway.cell, [], { target: { residency: FRANCE, scalable: true } });
    const model = await gateway.addRoute(cold);
    const answer = ask(model);
    await gateway.cell.publishRoutes(became(cold, foreign().replica({ country: 'US' })));
    await expectForbidden(await answer);
  });

  it('is held until one comes in a right place', async () => {
    const abroad = routeAbroad({ country: 'US' }, { scalable: true });
    const model = await gateway.addRoute(abroad);
    const answer = ask(model);
    await gateway.cell.publishRoutes(became(abroad, french.replica({ country: 'FR' })));
    expect(await (await answer).text()).toContain('Bonjour');
    expect(foreign().calls).toEqual([]);
  });

  it('follows a replica whose site turns out to be elsewhere', async () => {
    const route = routeAbroad({ country: 'FR' });
    const model = await gateway.addRoute(route);
    expect((await ask(model)).status).toBe(200);
    await gateway.cell.publishRoutes(became(route, foreign().replica({ country: 'US' })));
    await eventually(async () => expect((await ask(model)).status).toBe(503), WITHIN);
  });

  it.each<[string, Target]>([
    ['its policy restricts nothing', { residency: { countries: [], operators: [], certifications: [] } }],
    ['its scheduler does not tell one yet', { residency: undefined }],
  ])('goes anywhere when %s', async (_word, target) => {
    expect((await ask(await gateway.addRoute(routeAbroad({}, target)))).status).toBe(200);
  });

  /** The same endpoint with this replica only, under the next generation. */
  const became = (route: schedulingV1.RouteRecord, replica: schedulingV1.RouteReplica): schedulingV1.RouteRecord => ({
    ...route,
    state: schedulingV1.RouteState.ROUTE_STATE_READY,
    targets: [{ ...route.targets[0]!, replicas: [replica] }],
    generation: gateway.cell.nextGeneration(),
  });
});
