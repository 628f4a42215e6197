import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { billingV1, TOPICS } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { TopicView, type ConsumedRecord } from '@ostro/messaging';
import { loadIdentity, RecordVerifier } from '@ostro/pki';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, usageRecord } from './usage-builders.ts';

jest.setTimeout(120_000);
const WITHIN = { withinMs: 60_000 };

describe('what billing publishes', () => {
  let cell: RunningBilling;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ostro-prices-'));
    cell = await RunningBilling.open();
  });
  afterAll(async () => {
    await cell.close();
    await rm(directory, { recursive: true });
  });

  it('gives gateways the price book, signed, and beats that keep their view young', async () => {
    const { caPem } = await loadIdentity(join(cell.parts.dir, 'billing'));
    const verifier = new RecordVerifier(caPem);
    const view = new TopicView<billingV1.PriceBookRecord>({
      bus: cell.bus,
      topic: TOPICS.priceBook.name,
      directory,
      verify: ({ topic, key, value, headers = {}, tombstone }) => {
        try {
          verifier.verify({ topic, key, value: tombstone ? null : value, headers }, TOPICS.priceBook.owner);
          return true;
        } catch {
          // Another suite's billing, of another authority, writes to the same topic.
          return false;
        }
      },
      codec: ({ value }) => {
        const record = billingV1.PriceBookRecord.decode(value);
        return {
          key: record.priceBookId,
          generation: { epoch: record.epoch, generation: record.generation },
          value: record,
        };
      },
    });
    await view.start();
    const book = await eventually(() => view.get('pbk_default') ?? Promise.reject(new Error('no book yet')), WITHIN);
    expect(book).toMatchObject({ currency: 'EUR', cellId: 'cell-1', generation: 1n });
    expect(book.versions[0]!.prices).toContainEqual({
      sku: '*/realtime',
      meter: billingV1.Meter.METER_OUTPUT_TOKENS,
      unitPrice: '0.30',
      pricingUnitExponent: 6,
    });
    await eventually(() => expect(view.ageMs()).toBeLessThan(60_000), WITHIN);
    await view.stop();
  });

  it('tells writers how far they may trim: up to the first gap', async () => {
    const customer = new Customer();
    const gatewayIncarnation = randomIds('inc');
    const settled: bigint[] = [];
    const reader = cell.bus.subscribe({
      group: `${gatewayIncarnation}.settled`,
      topics: [TOPICS.usageSettled.name],
      handler: async ({ records }) => void settled.push(...records.flatMap(positionOf)),
      onCrash: (error) => {
        throw error;
      },
    });
    const positionOf = ({ key, value }: ConsumedRecord): bigint[] =>
      key === gatewayIncarnation ? [billingV1.UsageSettled.decode(value).upToSequence] : [];
    const send = (...sequences: bigint[]) =>
      cell.bus.publish(
        // One record each, on different keys: over several partitions they come in any order.
        sequences.map((sequence) => usageRecord([customer.recorded({ gatewayIncarnation, sequence })])),
      );

    await send(5n, 2n, 3n);
    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    await send(1n);
    await eventually(() => expect(settled.at(-1)).toBe(3n), WITHIN);
    await send(4n);
    await eventually(() => expect(settled.at(-1)).toBe(5n), WITHIN);
    expect(settled).toEqual([...settled].sort());
    await reader.stop();
  });
});
