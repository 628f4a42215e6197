import { join } from 'node:path';
import { usageV1 } from '@ostro/contracts';
import { systemClock } from '@ostro/kernel';
import { Spool } from '@ostro/spool';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';

const NO_KAFKA = { OSTRO_KAFKA_BROKERS: '127.0.0.1:1' };

describe('usage', () => {
  let gateway: RunningGateway;
  let usage: ReturnType<RunningGateway['cell']['collectUsage']>;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
    usage = gateway.cell.collectUsage();
  });
  afterAll(async () => {
    await usage.stop();
    await gateway.close();
  });

  const spoolBytes = async () => {
    const metrics = await gateway.context.metrics.registry.getMetricsAsJSON();
    return metrics.find(({ name }) => name === 'ostro_gateway_spool_bytes')!.values[0]!.value;
  };

  it('of requests served from snapshots while Kafka is away arrives when it is back, then may go', async () => {
    await gateway.stop();
    await gateway.start(NO_KAFKA);
    const away = gateway.context.incarnation;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.chat().then((response) => response.text())),
    );
    expect(answers.every((answer) => answer.includes('Hello'))).toBe(true);
    await gateway.stop();
    await gateway.start();

    const ofAway = () => usage.recorded.filter(({ gatewayIncarnation }) => gatewayIncarnation === away);
    await eventually(() => {
      expect(
        ofAway()
          .map(({ sequence }) => Number(sequence))
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
      expect(usage.replayed).toContainEqual({ gatewayIncarnation: away, lastSequence: 20n });
    }, WITHIN);
    expect(new Set(ofAway().map(({ begun }) => begun!.requestId)).size).toBe(20);
    expect(ofAway().every(({ outcome }) => outcome === usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED)).toBe(true);

    const full = await spoolBytes();
    await gateway.cell.publishSettled(away, 20n);
    await eventually(async () => expect(await spoolBytes()).toBeLessThan(full), WITHIN);
  });

  it('that was published is published again at the next start until billing has settled it', async () => {
    const { incarnation } = gateway.context;
    await (await gateway.chat()).text();
    const times = () => usage.recorded.filter(({ gatewayIncarnation }) => gatewayIncarnation === incarnation).length;
    await eventually(() => expect(times()).toBe(1), WITHIN);
    await gateway.stop();
    await gateway.start();
    await eventually(() => expect(times()).toBe(2), WITHIN);
  });

  it('that could not be kept is not incurred: a full spool refuses, other answers still come', async () => {
    await gateway.stop();
    await fill(join(gateway.cell.env()['OSTRO_DATA_DIR']!, 'spool'));
    await gateway.start({ OSTRO_SPOOL_MAX_BYTES: String(32 * 1_024 * 1_024) });
    const calls = gateway.agent.calls.length;
    const response = await gateway.chat();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await response.json()).toMatchObject({ error: { code: 'usage_spool_full', type: 'server_error' } });
    expect(gateway.agent.calls).toHaveLength(calls);
    expect((await gateway.get('/v1/models')).status).toBe(200);
  });
});

/** Records of a kind that this version does not know, as an earlier incarnation may have left them. */
async function fill(dir: string): Promise<void> {
  const options = { dir, incarnation: 'inc_filler', formatNumber: 1, clock: systemClock, maxBytes: 2 ** 30 };
  const spool = await Spool.open({ ...options, onError: () => undefined });
  for (let megabytes = 0; megabytes < 25; megabytes++) spool.append(99, Buffer.alloc(1_024 * 1_024));
  await spool.close();
}
