import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Money } from '@ostro/kernel';
import type { EventRecord } from '@ostro/messaging';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, usageRecord, witnessRecord } from './usage-builders.ts';

jest.setTimeout(300_000);
const WITHIN = { withinMs: 240_000 };
const MAIN = join(import.meta.dirname, '../dist/main.js');
const EACH = Money.of('0.000232', 'EUR');

/** What customers do, told twice and out of step: witnesses of a batch come before or after its requests. */
function traffic(customers: readonly Customer[], { batches, size }: { batches: number; size: number }): EventRecord[] {
  return customers.flatMap((customer) =>
    Array.from({ length: batches }, (_, batch) => {
      const recorded = Array.from({ length: size }, () => customer.recorded());
      const key = `${customer.organizationId}/${batch % 8}`;
      const told = usageRecord(recorded, { key });
      const seen = witnessRecord(
        recorded.map(({ begun }) => customer.witness(begun!)),
        { key },
      );
      const toldAgain = usageRecord(recorded, { key });
      return batch % 2 === 0 ? [told, seen, toldAgain] : [seen, told, seen, toldAgain];
    }).flat(),
  );
}

async function expectExactly(cell: RunningBilling, customers: readonly Customer[], requests: number): Promise<void> {
  await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
  const total = EACH.times(BigInt(requests)).toString();
  for (const { organizationId } of customers) {
    const [row] = await cell.query('SELECT count(*)::int AS charges FROM charges WHERE organization_id = $1', [
      organizationId,
    ]);
    expect(row).toEqual({ charges: requests });
    expect(await cell.owed(organizationId)).toBe(total);
  }
}

describe('exact totals', () => {
  let cell: RunningBilling;
  beforeEach(async () => {
    cell = await RunningBilling.open({ isStarted: false });
  });
  afterEach(() => cell.close());

  it('whatever transaction loses its connection, wherever it stands', async () => {
    const customers = [new Customer(), new Customer(), new Customer()];
    await cell.start();
    await cell.bus.publish(traffic(customers, { batches: 40, size: 10 }));
    let cuts = 0;
    await eventually(async () => {
      const cut = await cell.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'billing' AND state <> 'idle' AND pid <> pg_backend_pid()
           AND query ~ '(charges|postings|usage_positions|request_settlements|outbox|COMMIT)'`,
      );
      cuts += cut.length;
      const isDone = cuts >= 12 || (await cell.isCaughtUp());
      expect(isDone).toBe(true);
    }, WITHIN);
    expect(cuts).toBeGreaterThan(0);
    await expectExactly(cell, customers, 400);
  });

  it('with two processes that take partitions from each other', async () => {
    const customers = [new Customer(), new Customer()];
    await cell.start();
    await cell.bus.publish(traffic(customers, { batches: 20, size: 10 }));
    await cell.start();
    await cell.bus.publish(traffic(customers, { batches: 20, size: 10 }));
    await expectExactly(cell, customers, 400);
  });

  it('whenever the process is killed', async () => {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: build the app first, this test kills what is built`);
    const customers = [new Customer(), new Customer()];
    for (const least of [50, 300]) {
      const child = run(cell);
      await cell.bus.publish(traffic(customers, { batches: 20, size: 10 }));
      await eventually(async () => expect(await chargesOf(cell)).toBeGreaterThan(least), WITHIN);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await cell.start();
    await expectExactly(cell, customers, 400);
  });
});

function run(cell: RunningBilling): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'] ?? '', ...cell.environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Before the first start there is no such table yet. */
async function chargesOf(cell: RunningBilling): Promise<number> {
  const rows = await cell.query<{ charges: number }>('SELECT count(*)::int AS charges FROM charges');
  return rows[0]!.charges;
}
