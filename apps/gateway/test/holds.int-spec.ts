import { schedulingV1, usageV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { answerChat, aRoute, refuse } from './scripted-agent.ts';
import { ScriptedScheduler } from './scripted-scheduler.ts';
import { TestCell } from './test-cell.ts';

const HOLD_MS = 4_000;
const scalable = { scalable: true };

describe('a request for which no replica is free', () => {
  let gateway: RunningGateway;
  let scheduler: ScriptedScheduler;

  beforeAll(async () => {
    const cell = await TestCell.open();
    scheduler = await ScriptedScheduler.listen(cell);
    gateway = await RunningGateway.open(
      { OSTRO_SCHEDULER_ADDRESS: `127.0.0.1:${scheduler.port}`, OSTRO_MAX_HOLD_MS: `${HOLD_MS}` },
      cell,
    );
  });
  afterAll(async () => {
    await gateway.close();
    scheduler.close();
  });
  beforeEach(() => {
    scheduler.asked.length = 0;
    scheduler.answer = { etaMs: 20_000 };
    gateway.agent.calls.length = 0;
    gateway.agent.script = answerChat('Hello');
  });

  const coldRoute = () => aRoute(gateway.cell, [], { target: scalable });

  /** The same endpoint with the agent's replica, under the next generation. */
  const ready = (route: schedulingV1.RouteRecord): schedulingV1.RouteRecord => ({
    ...route,
    state: schedulingV1.RouteState.ROUTE_STATE_READY,
    targets: [{ ...route.targets[0]!, replicas: [gateway.agent.replica()] }],
    generation: gateway.cell.nextGeneration(),
  });

  it('is held while its deployment is woken, then answered and billed once', async () => {
    const usage = gateway.cell.collectUsage();
    const route = coldRoute();
    const [{ deploymentId }] = route.targets as [schedulingV1.RouteTarget];
    const model = await gateway.addRoute(route);
    const answer = gateway.chat({ model });
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(1), WITHIN);
    const [asked] = scheduler.asked;
    expect(asked!.holder).toBe(gateway.context.incarnation);
    expect(asked!.until!.getTime()).toBeGreaterThan(Date.now());
    expect(gateway.agent.calls).toEqual([]);
    // With a replica it waits no longer, although it is not answered yet.
    gateway.agent.script = async (call, response) => {
      await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(0), WITHIN);
      await answerChat('Hello')(call, response);
    };
    await gateway.cell.publishRoutes(ready(route));
    expect((await answer).status).toBe(200);
    expect(await (await answer).text()).toContain('Hello');
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(0), WITHIN);
    await eventually(() => {
      const recorded = usage.recorded.filter(({ begun }) => begun!.endpointName === model);
      expect(recorded.map(({ outcome }) => outcome)).toEqual([usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED]);
    }, WITHIN);
    await usage.stop();
  });

  it('goes by the route that the scheduler answers, whether or not Kafka has brought it', async () => {
    const route = coldRoute();
    const model = await gateway.addRoute(route);
    const woken = ready(route);
    scheduler.answer = { etaMs: 0, route: woken };
    expect((await gateway.chat({ model })).status).toBe(200);
    expect((await gateway.chat({ model })).status).toBe(200);
  });

  it('is counted with the others that wait, and how long the oldest does', async () => {
    const route = coldRoute();
    const [{ deploymentId }] = route.targets as [schedulingV1.RouteTarget];
    const model = await gateway.addRoute(route);
    const answers = [gateway.chat({ model }), gateway.chat({ model }), gateway.chat({ model })];
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(3), WITHIN);
    await eventually(() => expect(scheduler.asked.at(-1)!.oldestWaitMs).toBeGreaterThan(1_000), WITHIN);
    await gateway.cell.publishRoutes(ready(route));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('is told when to come back if nothing serves in time, and nothing is billed', async () => {
    const usage = gateway.cell.collectUsage();
    const model = await gateway.addRoute(coldRoute());
    const response = await gateway.chat({ model });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '20']);
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_ready' } });
    expect(usage.recorded.filter(({ begun }) => begun!.endpointName === model)).toEqual([]);
    await usage.stop();
  });

  it('is no longer counted when its client leaves', async () => {
    const route = coldRoute();
    const [{ deploymentId }] = route.targets as [schedulingV1.RouteTarget];
    const model = await gateway.addRoute(route);
    const leaving = new AbortController();
    const answer = gateway.chat({ model }, { signal: leaving.signal });
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(1), WITHIN);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(0), WITHIN);
  });

  it('is demand too where replicas are there and busy', async () => {
    const route = aRoute(gateway.cell, [gateway.agent.replica({ replicaId: `rep_b${randomIds('rep').slice(5)}` })], {
      target: scalable,
    });
    const [{ deploymentId }] = route.targets as [schedulingV1.RouteTarget];
    const model = await gateway.addRoute(route);
    gateway.agent.script = refuse(429, 'busy');
    const answer = gateway.chat({ model });
    await eventually(() => expect(scheduler.asked.length).toBeGreaterThan(2), WITHIN);
    // Sent back ten times a second, it waits all the same.
    expect(scheduler.asked.map(({ waitingRequests }) => waitingRequests)).not.toContain(0);
    gateway.agent.script = answerChat('Hello');
    expect((await answer).status).toBe(200);
    await eventually(() => expect(scheduler.waiting(deploymentId)).toBe(0), WITHIN);
  });

  it('outlives the last replica of its route, which goes away while it is sent', async () => {
    const cold = coldRoute();
    const route = ready(cold);
    const model = await gateway.addRoute(route);
    gateway.agent.script = refuse(503, 'draining');
    const answer = gateway.chat({ model });
    await eventually(() => expect(gateway.agent.calls.length).toBeGreaterThan(0), WITHIN);
    gateway.agent.script = answerChat('Hello');
    expect((await answer).status).toBe(200);
  });

  it('is refused at once where the number of replicas is set by hand', async () => {
    const route = aRoute(gateway.cell, []);
    const response = await gateway.chat({ model: await gateway.addRoute(route) });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10']);
    expect(scheduler.waiting(route.targets[0]!.deploymentId)).toBeUndefined();
  });

  it('of what serves is answered while the scheduler is away', async () => {
    scheduler.close();
    const model = await gateway.addRoute(aRoute(gateway.cell, [gateway.agent.replica()], { target: scalable }));
    expect((await gateway.chat({ model })).status).toBe(200);
    const cold = await gateway.addRoute(coldRoute());
    const response = await gateway.chat({ model: cold });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10']);
  });
});
