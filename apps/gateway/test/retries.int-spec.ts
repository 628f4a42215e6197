import { schedulingV1, usageV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { type AgentScript, answerChat, aRoute, head, refuse, ScriptedAgent } from './scripted-agent.ts';

describe('a request whose replica does not take it', () => {
  let gateway: RunningGateway;
  let second: ScriptedAgent;

  beforeAll(async () => {
    gateway = await RunningGateway.open({ OSTRO_ADMISSION_WAIT_MS: '1500' });
    second = await ScriptedAgent.open(gateway.cell);
  });
  afterAll(async () => {
    await second.close();
    await gateway.close();
  });

  const first = () => gateway.agent;

  /** An endpoint with both agents; the first one is tried first, since its id is smaller. */
  const endpointOfBoth = () => {
    const [a, b] = [`rep_a${randomIds('rep').slice(5)}`, `rep_b${randomIds('rep').slice(5)}`];
    return gateway.addRoute(
      aRoute(gateway.cell, [first().replica({ replicaId: a }), second.replica({ replicaId: b })]),
    );
  };

  const scripts = (of: AgentScript, other: AgentScript) => {
    first().calls.length = 0;
    second.calls.length = 0;
    first().script = of;
    second.script = other;
  };

  it.each([
    ['busy', refuse(429, 'busy')],
    ['draining', refuse(503, 'draining')],
    ['not ready', refuse(503, 'not_ready')],
    ['without that replica', refuse(404, 'unknown_replica')],
  ])('goes to another one when the agent is %s; what was refused is no attempt', async (_word, refusal) => {
    const model = await endpointOfBoth();
    scripts(refusal, answerChat('second'));
    expect(await (await gateway.chat({ model })).text()).toContain('second');
    expect(first().calls).toHaveLength(1);
    expect(second.calls[0]!.headers['x-ostro-attempt']).toBe('1');
    expect(second.calls[0]!.begun).toEqual(first().calls[0]!.begun);
  });

  it.each<[string, AgentScript]>([
    ['hangs up', (_call, response) => void response.destroy()],
    ['fails', (_call, response) => void response.writeHead(500).end('{}')],
  ])(
    'goes to another one when the first %s before its first byte, as a second attempt of one request',
    async (_word, failure) => {
      const usage = gateway.cell.collectUsage();
      const model = await endpointOfBoth();
      scripts(failure, answerChat('second'));
      expect(await (await gateway.chat({ model })).text()).toContain('second');
      expect(second.calls[0]!.headers['x-ostro-attempt']).toBe('2');
      await eventually(() => {
        const [recorded, ...again] = usage.recorded.filter(({ begun }) => begun!.endpointName === model);
        expect(again).toEqual([]);
        expect(recorded!.outcome).toBe(usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED);
        expect(recorded!.attempts.map(({ number, nodeId }) => [number, nodeId])).toEqual([
          [1, first().nodeId],
          [2, second.nodeId],
        ]);
      }, WITHIN);
      await usage.stop();
    },
  );

  it('goes to another one when nobody listens, and when somebody else does', async () => {
    const gone = first().replica({
      replicaId: 'rep_0',
      address: { address: { $case: 'direct', direct: { host: '127.0.0.1', port: 1 } } },
    });
    const stranger = first().replica({ replicaId: 'rep_1', nodeId: second.nodeId });
    const model = await gateway.addRoute(
      aRoute(gateway.cell, [gone, stranger, second.replica({ replicaId: 'rep_2' })]),
    );
    scripts(answerChat('a stranger'), answerChat('second'));
    expect(await (await gateway.chat({ model })).text()).toContain('second');
    expect(first().calls).toHaveLength(0);
  });

  it('is answered 503 when no replica answers, after a bounded number of tries', async () => {
    const replicas = Array.from({ length: 6 }, (_, at) => first().replica({ replicaId: `rep_${at}` }));
    const model = await gateway.addRoute(aRoute(gateway.cell, replicas));
    scripts((_call, response) => void response.destroy(), answerChat(''));
    const response = await gateway.chat({ model });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await response.json()).toMatchObject({ error: { code: 'no_replica_answers' } });
    expect(first().calls).toHaveLength(3);
  });

  it('is never tried again after the first byte', async () => {
    const model = await endpointOfBoth();
    const breakOff: AgentScript = (_call, response) => {
      head(response, 'text/event-stream');
      response.write('data: {}\n\n', () => response.destroy());
    };
    scripts(breakOff, answerChat('second'));
    expect(await (await gateway.chat({ model, stream: true })).text()).toContain('replica_failed');
    expect(second.calls).toHaveLength(0);
  });

  it('waits for a place while every replica is busy, and goes when one is free', async () => {
    const held: (() => void)[] = [];
    const model = await gateway.addRoute(
      aRoute(gateway.cell, [first().replica({ replicaId: 'rep_one', concurrency: 1 })]),
    );
    scripts((call, response) => void held.push(() => answerChat('done')(call, response)), answerChat(''));
    const answers = [gateway.chat({ model }), gateway.chat({ model })];
    await eventually(() => expect(held).toHaveLength(1), WITHIN);
    await eventually(async () => expect(await gauge('ostro_gateway_waiting_requests_count')).toBe(1), WITHIN);
    expect(first().calls).toHaveLength(1);
    held.shift()!();
    await eventually(() => expect(held).toHaveLength(1), WITHIN);
    held.shift()!();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('is answered 503 overloaded when nothing becomes free in time', async () => {
    scripts(refuse(429, 'busy'), refuse(429, 'busy'));
    const response = await gateway.chat({ model: await endpointOfBoth() });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'overloaded' } });
  });

  it('keeps its place in a route that changes while it waits', async () => {
    const route = aRoute(gateway.cell, [first().replica()]);
    const model = await gateway.addRoute(route);
    scripts(refuse(429, 'busy'), answerChat('second'));
    const answer = gateway.chat({ model });
    await eventually(() => expect(first().calls.length).toBeGreaterThan(0), WITHIN);
    const [target] = route.targets;
    await gateway.cell.publishRoutes({
      ...route,
      cause: schedulingV1.RouteCause.ROUTE_CAUSE_SCALED,
      targets: [{ ...target!, replicas: [second.replica()] }],
      generation: gateway.cell.nextGeneration(),
    });
    expect(await (await answer).text()).toContain('second');
  });

  const gauge = async (name: string) => {
    const [metric] = (await gateway.context.metrics.registry.getMetricsAsJSON()).filter((entry) => entry.name === name);
    return metric!.values[0]!.value;
  };
});
