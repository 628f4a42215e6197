import { GEN_AI_METRICS, Metrics, type MetricsServer, startMetricsServer } from './index.ts';

describe('the metrics server', () => {
  let server: MetricsServer;
  const ready = { missing: 'Kafka does not answer' as string | undefined };
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  beforeAll(async () => {
    const [gateway, billing] = [new Metrics('gateway'), new Metrics('billing')];
    const shared = { name: 'ostro_records_total', help: 'Records.', labels: ['kind'] as const };
    gateway.counter(shared).inc({ kind: 'usage' }, 2);
    billing.counter(shared).inc({ kind: 'usage' }, 3);
    billing.gauge({ name: 'ostro_lag_count', help: 'Lag.' }, () => 7);
    gateway.histogram(GEN_AI_METRICS.timeToFirstToken).observe(0.03);
    server = await startMetricsServer({
      host: '127.0.0.1',
      port: 0,
      registries: [gateway.registry, billing.registry],
      readiness: {
        kafka: () => {
          if (ready.missing) throw new Error(ready.missing);
        },
      },
    });
  });
  afterAll(() => server.close());

  it('shows a name that two services use once, with the samples of both', async () => {
    const { text } = await get('/metrics');
    expect(text.match(/# TYPE ostro_records_total/g)).toHaveLength(1);
    expect(text).toContain('ostro_records_total{kind="usage",service="gateway"} 2');
    expect(text).toContain('ostro_records_total{kind="usage",service="billing"} 3');
    expect(text).toContain('ostro_lag_count{service="billing"} 7');
    expect(text).toMatch(/gen_ai_server_time_to_first_token_seconds_bucket\{le="0.04",service="gateway"\} 1/);
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('is alive before it is ready, and names what is missing', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect(await get('/readyz')).toEqual({
      status: 503,
      text: '{"status":"not ready","missing":{"kafka":"Kafka does not answer"}}',
    });
    ready.missing = undefined;
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/other')).status).toBe(404);
  });

  it('names an address that is taken', async () => {
    const again = startMetricsServer({ host: '127.0.0.1', port: server.port, registries: [] });
    await expect(again).rejects.toMatchObject({ reason: 'ADDRESS_IN_USE' });
    await expect(again).rejects.toThrow(`127.0.0.1:${server.port}`);
  });
});
