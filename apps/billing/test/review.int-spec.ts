import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { TOPICS, usageV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { deadLetterTopic, type ConsumedRecord } from '@ostro/messaging';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, envelope, usageRecord, witnessRecord } from './usage-builders.ts';

jest.setTimeout(120_000);
const WITHIN = { withinMs: 60_000 };
const { name: topic, types } = TOPICS.usageRequest;
const WHOLE = '0.000232';

const PRICES = `
      - { sku: '*/realtime', meter: input_tokens, unit_price: '0.10', pricing_unit_exponent: 6 }
      - { sku: '*/realtime', meter: cached_input_tokens, unit_price: '0.01', pricing_unit_exponent: 6 }
      - { sku: '*/realtime', meter: output_tokens, unit_price: '0.30', pricing_unit_exponent: 6 }`;
const VERSION_1 = `
id: pbk_default
versions:
  - version: 1
    effective: { from: '2026-01-01T00:00:00Z' }
    prices:${PRICES}`;
const VERSION_2 = `${VERSION_1.replace("Z' }", "Z', to: '2026-02-01T00:00:00Z' }")}
  - version: 2
    effective: { from: '2026-02-01T00:00:00Z' }
    prices:${PRICES}`;

async function bookFile(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'ostro-prices-')), 'price-book.yaml');
  await writeFile(file, text);
  return file;
}

describe('what billing cannot decide', () => {
  let cell: RunningBilling;
  let customer: Customer;
  beforeAll(async () => {
    cell = await RunningBilling.open({ env: { OSTRO_PRICE_BOOK_FILE: await bookFile(VERSION_1) } });
  });
  afterAll(() => cell.close());
  beforeEach(() => {
    customer = new Customer();
  });

  const owes = (amount: string) =>
    eventually(async () => expect(await cell.owed(customer.organizationId)).toBe(amount), WITHIN);
  const inReview = async (where: string, value: unknown) => {
    const query = `SELECT reason, detail, record_type, resolved_at FROM usage_review WHERE ${where}`;
    return eventually(async () => {
      const rows = await cell.query<{ reason: string; detail: string; resolved_at: Date | null }>(query, [value]);
      expect(rows).toHaveLength(1);
      return rows[0]!;
    }, WITHIN);
  };
  const both = (recorded: usageV1.UsageRecorded) => [
    usageRecord([recorded]),
    witnessRecord([customer.witness(recorded.begun!)]),
  ];

  it('goes to the dead letters when it cannot be read, and its neighbours count', async () => {
    const letters: ConsumedRecord[] = [];
    const reader = cell.bus.subscribe({
      group: `${customer.organizationId}.dlq`,
      topics: [deadLetterTopic(topic)],
      handler: async ({ records }) => void letters.push(...records),
      onCrash: (error) => {
        throw error;
      },
    });
    const key = `${customer.organizationId}/0`;
    const poison = envelope(topic, types[0], { key, time: new Date(), value: Buffer.from([0xff, 0xff, 0xff]) });
    const unnoted = { ...usageRecord([customer.recorded()], { key }), id: 'a\u0000b' };
    const [before, after] = [customer.recorded(), customer.recorded()];
    const seen = [before, after].map(({ begun }) => customer.witness(begun!));
    await cell.bus.publish([
      usageRecord([before], { key }),
      poison,
      unnoted,
      usageRecord([after], { key }),
      witnessRecord(seen, { key }),
    ]);
    await owes('0.000464');
    await eventually(
      () => expect(letters.map(({ id }) => id)).toEqual(expect.arrayContaining([poison.id, unnoted.id])),
      WITHIN,
    );
    const letter = letters.find(({ id }) => id === poison.id)!;
    expect(letter.headers).toMatchObject({ dlq_topic: topic, dlq_reason: expect.stringContaining('UsageBatch') });
    await reader.stop();
  });

  it.each<[string, Partial<usageV1.UsageRecorded>, string]>([
    ['without an admission', { begun: undefined }, 'MALFORMED'],
    ['with counts beyond all sense', { forwardedBytes: 2n ** 63n }, 'MALFORMED'],
    ['of an outcome nobody knows', { outcome: 0 }, 'OUTCOME_UNKNOWN'],
    ['that ended two days ago', { endTime: new Date(Date.now() - 49 * 3_600_000) }, 'OUT_OF_TIME'],
    ['that ends tomorrow', { endTime: new Date(Date.now() + 24 * 3_600_000) }, 'OUT_OF_TIME'],
  ])('waits for a person when it is a record %s, and its neighbours count', async (_, overrides, reason) => {
    const incarnation = randomIds('inc');
    const odd = customer.recorded({ ...overrides, gatewayIncarnation: incarnation, sequence: 1n });
    const sound = customer.recorded({ gatewayIncarnation: incarnation, sequence: 2n });
    await cell.bus.publish([usageRecord([odd, sound, odd]), witnessRecord([customer.witness(sound.begun!)])]);
    await owes(WHOLE);
    const record = Buffer.from(usageV1.UsageRecorded.encode(odd).finish());
    expect(await inReview('record = $1', record)).toMatchObject({ reason, resolved_at: null });
    // The writer may trim it all the same: it is in billing's hands.
    const [position] = await cell.query('SELECT settled_up_to FROM usage_positions WHERE incarnation = $1', [
      incarnation,
    ]);
    expect(position).toEqual({ settled_up_to: '2' });
  });

  it('survives ids and texts that no database takes', async () => {
    const begun = customer.begun({ endpointName: 'a\u0000b', keyId: '\u0000' });
    const sound = customer.recorded();
    await cell.bus.publish([usageRecord([customer.recorded({ begun }), sound])]);
    const odd = customer.witness(sound.begun!, { attempt: 2 ** 32 - 1 });
    await cell.bus.publish([witnessRecord([odd, customer.witness(sound.begun!)])]);
    await owes(WHOLE);
    expect(await inReview('request_id = $1', begun.requestId)).toMatchObject({ reason: 'MALFORMED' });
  });

  it('keeps the first of two stories about one request', async () => {
    const recorded = customer.recorded();
    const other = { ...recorded, forwardedBytes: 1n };
    await cell.bus.publish([...both(recorded)]);
    await owes(WHOLE);
    await cell.bus.publish([usageRecord([other])]);
    expect(await inReview('request_id = $1', recorded.begun!.requestId)).toMatchObject({ reason: 'CONFLICT' });
    expect(await cell.owed(customer.organizationId)).toBe(WHOLE);
  });

  it('is charged by itself once the price it was admitted with is published', async () => {
    const recorded = customer.recorded({ begun: customer.begun({ priceVersion: 2 }) });
    const { requestId } = recorded.begun!;
    await cell.bus.publish(both(recorded));
    const found = await inReview('request_id = $1', requestId);
    expect(found).toMatchObject({ reason: 'PRICE_UNKNOWN', detail: expect.stringContaining('no version') });
    expect(await cell.settlement(requestId)).toMatchObject({ state: 'in_review', revision: 0 });

    await cell.stop();
    await cell.start({ OSTRO_PRICE_BOOK_FILE: await bookFile(VERSION_2) });

    await owes(WHOLE);
    expect((await inReview('request_id = $1', requestId)).resolved_at).not.toBeNull();
  });

  it('refuses to start with a published version that was changed, and says what to do', async () => {
    const changed = await bookFile(VERSION_2.replaceAll("'0.30'", "'0.31'"));
    await expect(cell.start({ OSTRO_PRICE_BOOK_FILE: changed })).rejects.toThrow(
      'price book pbk_default: version 1 was changed, but it was published: restore it as it was, end it, and add a new version',
    );
    const shorter = await bookFile(VERSION_1);
    await expect(cell.start({ OSTRO_PRICE_BOOK_FILE: shorter })).rejects.toThrow(
      /version (1 was changed|2 is missing)/,
    );
  });
});
