import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { manualClock, systemClock } from '@ostro/kernel';
import { createLogger } from '@ostro/telemetry';
import { BackOff } from '../src/control/domain/back-off.ts';
import { Enrolment } from '../src/enrolment/enrolment.ts';
import { systemTimer, type Timer } from '../src/model-server/timer.ts';
import { TestCell } from './cell.ts';

const HOUR_MS = 3_600_000;

describe('enrolment', () => {
  let cell: TestCell;

  beforeAll(async () => {
    cell = await TestCell.open();
  });

  afterAll(() => cell?.close());

  const enrolment = async (timer: Timer): Promise<Enrolment> => {
    const env = await cell.env();
    const [host = '', port = ''] = cell.identity.address.split(':');
    const address = { host, port: Number(port) };
    const options = {
      dataDir: cell.agentDir,
      nodeName: 'n',
      identityAddress: address,
      enrolmentAddress: address,
      joinTokenFile: env['OSTRO_JOIN_TOKEN_FILE'],
      caFile: env['OSTRO_CA_FILE'],
    };
    const logger = createLogger({ service: 'test', level: 'error' });
    return new Enrolment(options, timer, new BackOff({ firstMs: 1, mostMs: 1 }), logger);
  };

  it('makes a key that only the node can read, and renews the certificate before it ends', async () => {
    const first = await (await enrolment(systemTimer)).open();
    const keys = (await readdir(cell.agentDir, { recursive: true })).filter((name) => name.endsWith('tls.key'));
    expect(keys).toHaveLength(1);
    expect(((await stat(join(cell.agentDir, keys[0]!))).mode & 0o777).toString(8)).toBe('600');

    const clock = manualClock(new Date(systemClock.now().getTime() + 0.8 * HOUR_MS));
    const stopped = new AbortController();
    const timer = { ...clock, sleep: () => Promise.resolve(stopped.abort()) };
    const later = await enrolment(timer);
    const stored = await later.open();
    expect(stored.nodeId).toBe(first.nodeId);
    const before = stored.current.tls.cert;
    let told: string | undefined;
    stored.onRenewed((identity) => {
      told = identity.tls.cert;
    });
    await later.renewUntil(stopped.signal, stored);
    expect(told).toBe(stored.current.tls.cert);
    expect(told).not.toBe(before);
    const again = await (await enrolment(systemTimer)).open();
    expect(again.current.tls.cert).toBe(told);
    expect([cell.identity.enrolments, cell.identity.renewals]).toEqual([1, 1]);
  });

  it('says what a machine that is not enrolled needs', async () => {
    const options = {
      dataDir: join(cell.dir, 'other'),
      nodeName: 'n',
      identityAddress: { host: '127.0.0.1', port: 1 },
      enrolmentAddress: undefined,
      joinTokenFile: undefined,
      caFile: undefined,
    };
    const logger = createLogger({ service: 'test', level: 'error' });
    const bare = new Enrolment(options, systemTimer, new BackOff({ firstMs: 1, mostMs: 1 }), logger);
    await expect(bare.open()).rejects.toMatchObject({ reason: 'NOT_ENROLLED' });
  });
});
