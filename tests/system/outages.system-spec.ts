import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { Fleet } from './fleet.ts';
import { askMany, askOnce, expectBilledOnce } from './usage.ts';

/** An outage lasts until so many requests were served. */
const REQUESTS = 20;

describe('a ready endpoint keeps answering known keys', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.deploy('tiny', tinyModel({ seed: 1 }));
  }, 180_000);
  afterAll(() => fleet?.stop(), 60_000);

  it.each(['billing', 'scheduler', 'identity', 'registry', 'api'] as const)(
    'while %s is down, and the usage is billed once afterwards',
    async (victim) => {
      await fleet.process(victim).kill('SIGKILL');
      const served = await askMany(fleet, 'tiny', REQUESTS);
      await fleet.process(victim).start();
      await expectBilledOnce(fleet, served);
    },
    120_000,
  );

  it('while Kafka is down, and the usage is billed once afterwards', async () => {
    await fleet.stopKafka();
    const served = await askMany(fleet, 'tiny', REQUESTS);
    await fleet.startKafka();
    await expectBilledOnce(fleet, served);
  }, 180_000);

  it('while PostgreSQL is down, and the usage is billed once afterwards', async () => {
    await fleet.stopPostgres();
    const served = await askMany(fleet, 'tiny', REQUESTS);
    await fleet.startPostgres();
    await expectBilledOnce(fleet, served);
  }, 180_000);

  it('from its views on disk when the gateway itself starts with Kafka and every control service down', async () => {
    const control = ['billing', 'scheduler', 'identity', 'registry', 'api'];
    await fleet.stopKafka();
    for (const name of control) await fleet.process(name).kill('SIGKILL');
    await fleet.process('gateway').kill('SIGTERM');
    await fleet.process('gateway').start();
    const served = await askMany(fleet, 'tiny', REQUESTS);
    await fleet.startKafka();
    await Promise.all(control.map((name) => fleet.process(name).start()));
    await expectBilledOnce(fleet, served);
  }, 240_000);

  it('and a revoked key dies while Kafka is down: identity tells the gateway itself', async () => {
    const api = fleet.management();
    const key = await api.post<{ key_id: string; secret: string }>('/v1/keys', {
      name: 'to be revoked',
      scopes: ['inference'],
      allowed_models: ['*'],
    });
    const ask = () => fleet.openai(key.secret).completions.create({ model: 'tiny', prompt: 'a', max_tokens: 1 });
    await eventually(ask, { withinMs: 30_000 });
    await fleet.stopKafka();
    try {
      await api.delete(`/v1/keys/${key.key_id}`);
      // The promise is 5 s; on a busy machine the order of events counts, not the clock.
      await eventually(() => expect(ask()).rejects.toMatchObject({ status: 401 }), { withinMs: 50_000 });
      await askOnce(fleet, 'tiny');
    } finally {
      await fleet.startKafka();
    }
  }, 180_000);
});
