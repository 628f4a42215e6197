import { jest } from '@jest/globals';
import { billingV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import { randomIds, seededIds } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, usageRecord, witnessRecord } from './usage-builders.ts';

jest.setTimeout(120_000);
const WITHIN = { withinMs: 60_000 };
const { UsageGrouping, Meter } = billingV1;
const month = new Date().toISOString().slice(0, 7);

const anInterval = { startTime: undefined, endTime: undefined, projectId: '', pageSize: 0, pageToken: '' };
const aList = { projectId: '', pageSize: 0, pageToken: '' };

describe('reports', () => {
  let cell: RunningBilling;
  let client: GrpcClient<typeof billingV1.BillingServiceService>;
  let customer: Customer;
  let settings: { token: string };
  const otherProject = seededIds(7)('prj');
  const requestIds: string[] = [];
  beforeAll(async () => {
    cell = await RunningBilling.open();
    client = await cell.client();
    customer = new Customer();
    settings = await cell.as(customer.organizationId);
    const recorded = [
      ...Array.from({ length: 5 }, () => customer.recorded()),
      ...Array.from({ length: 3 }, () => customer.recorded({ begun: customer.begun({ projectId: otherProject }) })),
      customer.recorded({ begun: customer.begun({ endpointName: 'big' }) }),
    ];
    requestIds.push(...recorded.map(({ begun }) => begun!.requestId));
    await cell.bus.publish([
      usageRecord(recorded),
      witnessRecord(recorded.map(({ begun }) => customer.witness(begun!))),
    ]);
    await eventually(async () => expect(await cell.owed(customer.organizationId)).toBe('0.002088'), WITHIN);
  });
  afterAll(() => cell.close());

  it('add usage up by the groups asked for', async () => {
    const { organizationId } = customer;
    const groupBy = [UsageGrouping.USAGE_GROUPING_PROJECT, UsageGrouping.USAGE_GROUPING_MODEL];
    const { rows } = await client.queryUsage({ ...anInterval, organizationId, groupBy }, settings);
    const expected = [
      [customer.projectId, 'big', 1n],
      [customer.projectId, 'smol', 5n],
      [otherProject, 'smol', 3n],
    ].sort();
    expect(rows.map(({ projectId, endpointName, requests }) => [projectId, endpointName, requests])).toEqual(expected);
    const total = await client.queryUsage({ ...anInterval, organizationId, groupBy: [] }, settings);
    expect(total.rows).toEqual([
      {
        day: '',
        projectId: '',
        keyId: '',
        endpointName: '',
        requests: 9n,
        inputTokens: 7_200n,
        cachedInputTokens: 1_800n,
        outputTokens: 4_500n,
        amount: { amount: '0.002088', currency: 'EUR' },
      },
    ]);
  });

  it('group by day and key, and keep to the interval', async () => {
    const { organizationId, keyId } = customer;
    const groupBy = [UsageGrouping.USAGE_GROUPING_DAY, UsageGrouping.USAGE_GROUPING_KEY];
    const { rows } = await client.queryUsage({ ...anInterval, organizationId, groupBy }, settings);
    expect(rows).toMatchObject([{ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), keyId, requests: 9n }]);
    const past = { ...anInterval, organizationId, groupBy, startTime: new Date(0), endTime: new Date(1) };
    expect(await client.queryUsage(past, settings)).toEqual({ rows: [], nextPageToken: '' });
  });

  it('come page by page, each row once', async () => {
    const { organizationId } = customer;
    const groupBy = [UsageGrouping.USAGE_GROUPING_PROJECT, UsageGrouping.USAGE_GROUPING_MODEL];
    const rows: billingV1.UsageRow[] = [];
    const endTime = new Date();
    for (let pageToken = '', more = true; more; more = pageToken !== '') {
      const page = await client.queryUsage(
        { ...anInterval, organizationId, groupBy, endTime, pageSize: 1, pageToken },
        settings,
      );
      rows.push(...page.rows);
      pageToken = page.nextPageToken;
    }
    expect(rows.map(({ requests }) => requests).sort()).toEqual([1n, 3n, 5n]);

    const seen: string[] = [];
    for (let pageToken = '', more = true; more; more = pageToken !== '') {
      const page = await client.listCharges({ ...aList, organizationId, pageSize: 2, pageToken }, settings);
      seen.push(...page.charges.map(({ requestId }) => requestId));
      pageToken = page.nextPageToken;
    }
    expect(seen.sort()).toEqual([...requestIds].sort());
  });

  it('draft an invoice that is the sum of its lines, each rounded once', async () => {
    const { organizationId } = customer;
    const { invoice } = await client.getDraftInvoice({ organizationId, month }, settings);
    expect(invoice!.lines).toHaveLength(9);
    expect(invoice!.lines).toContainEqual({
      projectId: otherProject,
      endpointName: 'smol',
      meter: Meter.METER_OUTPUT_TOKENS,
      quantity: 1_500n,
      exactAmount: { amount: '0.00045', currency: 'EUR' },
      amount: { amount: '0', currency: 'EUR' },
    });
    expect(invoice!.total).toEqual({ amount: '0', currency: 'EUR' });
    expect(invoice!.periodStart!.toISOString()).toBe(`${month}-01T00:00:00.000Z`);
    const earlier = await client.getDraftInvoice({ organizationId, month: '2020-01' }, settings);
    expect(earlier.invoice!.lines).toEqual([]);
    await expect(client.getDraftInvoice({ organizationId, month: '2020-13' }, settings)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_MONTH',
    });
  });

  it('show the price book, by default and by id', async () => {
    const byDefault = await client.getPriceBook({ priceBookId: '' }, settings);
    expect(byDefault).toEqual(await client.getPriceBook({ priceBookId: 'pbk_default' }, settings));
    expect(byDefault.priceBook).toMatchObject({ currency: 'EUR', epoch: 1n, generation: 1n });
    await expect(client.getPriceBook({ priceBookId: 'pbk_other' }, settings)).rejects.toMatchObject({
      reason: 'PRICE_BOOK_NOT_FOUND',
    });
  });

  it('say why there is no charge', async () => {
    const { organizationId } = customer;
    const waiting = customer.recorded();
    await cell.bus.publish([usageRecord([waiting])]);
    await eventually(
      () =>
        expect(
          client.getCharge({ organizationId, requestId: waiting.begun!.requestId }, settings),
        ).rejects.toMatchObject({
          code: 'NOT_FOUND',
          reason: 'NOT_BILLED_YET',
          message: expect.stringContaining('witness'),
        }),
      WITHIN,
    );
    await expect(client.getCharge({ organizationId, requestId: randomIds('req') }, settings)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'REQUEST_NOT_FOUND',
    });
  });

  describe('show nothing', () => {
    const calls: [string, (organizationId: string, as: { token: string }) => Promise<unknown>][] = [
      ['GetBalance', (organizationId, as) => client.getBalance({ organizationId }, as)],
      ['QueryUsage', (organizationId, as) => client.queryUsage({ ...anInterval, organizationId, groupBy: [] }, as)],
      ['GetCharge', (organizationId, as) => client.getCharge({ organizationId, requestId: requestIds[0]! }, as)],
      ['ListCharges', (organizationId, as) => client.listCharges({ ...aList, organizationId }, as)],
      ['GetDraftInvoice', (organizationId, as) => client.getDraftInvoice({ organizationId, month }, as)],
    ];

    it.each(calls)('of another organization: %s', async (_, call) => {
      const stranger = await cell.as(randomIds('org'));
      await expect(call(customer.organizationId, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it.each(calls)('to somebody without the permission: %s', async (_, call) => {
      const member = await cell.as(customer.organizationId, { permissions: [] });
      await expect(call(customer.organizationId, member)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    });

    it('of a request of another organization to its own', async () => {
      const other = randomIds('org');
      const stranger = await cell.as(other);
      await expect(
        client.getCharge({ organizationId: other, requestId: requestIds[0]! }, stranger),
      ).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'REQUEST_NOT_FOUND' });
    });

    it('of other projects to a key of one', async () => {
      const { organizationId, projectId } = customer;
      const member = await cell.as(organizationId, { projectIds: [otherProject] });
      const { rows } = await client.queryUsage({ ...anInterval, organizationId, groupBy: [] }, member);
      expect(rows).toMatchObject([{ requests: 3n }]);
      expect((await client.listCharges({ ...aList, organizationId }, member)).charges).toHaveLength(3);
      await expect(client.listCharges({ ...aList, organizationId, projectId }, member)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(client.getCharge({ organizationId, requestId: requestIds[0]! }, member)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(client.getBalance({ organizationId }, member)).rejects.toMatchObject({
        reason: 'ORGANIZATION_WIDE_ONLY',
      });
    });
  });
});
