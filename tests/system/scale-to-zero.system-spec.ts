import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { Fleet } from './fleet.ts';
import { expectBilledOnce } from './usage.ts';

const IDLE_SECONDS = 4;
const MS_PER_TOKEN = 100;
const WITHIN = { withinMs: 60_000, everyMs: 100 };

interface Deployment {
  readonly phase: string;
  readonly replicas: number;
  readonly ready_replicas: number;
  readonly scaling_decision_id: string;
}

describe('replicas that follow demand', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const simulated = { OSTRO_SIMULATE: '4xH100-80GB', OSTRO_SIMULATED_DECODE_MS: `${MS_PER_TOKEN}` };
    fleet = await Fleet.start({ env: { 'node-agent': simulated } });
    await fleet.management().importModel('sleepy', tinyModel({ seed: 1 }));
    await fleet.management().post('/v1/deployments', {
      name: 'sleepy',
      spec: {
        model: 'sleepy',
        runtime: 'simulated',
        concurrency: 1,
        cpu_milli: 100,
        autoscaling: { min_replicas: 0, max_replicas: 3, target_percent: 100, idle_timeout: IDLE_SECONDS },
      },
    });
    await eventually(async () => {
      const models = await fleet.openai().models.list();
      expect(models.data.map(({ id }) => id)).toContain('sleepy');
    }, WITHIN);
  }, 180_000);
  afterAll(() => fleet?.stop(), 60_000);

  const now = () => fleet.management().get<Deployment>('/v1/deployments/sleepy');
  const started = async () =>
    (await fleet.management().get<{ items: unknown[] }>('/v1/deployments/sleepy/replicas')).items.length;

  /** One answer of so many tokens. */
  const ask = async (tokens: number) => {
    const asking = fleet.openai().completions.create({ model: 'sleepy', prompt: 'wake up', max_tokens: tokens });
    const { data, response } = await asking.withResponse();
    expect(data.usage!.completion_tokens).toBe(tokens);
    return response.headers.get('x-request-id')!;
  };

  const isCold = () =>
    eventually(
      async () => expect(await now()).toMatchObject({ phase: 'cold', replicas: 0, ready_replicas: 0 }),
      WITHIN,
    );

  it('are none while nobody calls; the first request wakes one, is answered and billed once', async () => {
    await isCold();
    const requestId = await ask(4);
    expect(await started()).toBe(1);
    await isCold();
    expect(await started()).toBe(1);
    await expectBilledOnce(fleet, [requestId]);
  }, 120_000);

  it('become as many as are needed at once, and fewer again without cutting an answer', async () => {
    const answers = [ask(60), ask(60), ask(160)];
    await eventually(async () => expect(await now()).toMatchObject({ replicas: 3, ready_replicas: 3 }), WITHIN);
    const [first, second, long] = await Promise.all(answers);
    await isCold();
    await expectBilledOnce(fleet, [first!, second!, long!]);
    const { scaling_decision_id: id } = await now();
    const decision = await fleet.management().get<{ explanation: string }>(`/v1/decisions/${id}`);
    expect(decision.explanation).toMatch(/^From \d to 0 replicas\./);
  }, 180_000);

  it('are woken while Kafka is down, since the scheduler itself tells the route', async () => {
    await isCold();
    await fleet.stopKafka();
    try {
      await ask(4);
    } finally {
      await fleet.startKafka();
    }
    await isCold();
  }, 180_000);
});
