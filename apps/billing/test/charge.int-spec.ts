import { jest } from '@jest/globals';
import { billingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, usageRecord, witnessRecord } from './usage-builders.ts';

jest.setTimeout(120_000);
const WITHIN = { withinMs: 60_000 };

describe('a request that both sides reported', () => {
  let cell: RunningBilling;
  beforeAll(async () => {
    cell = await RunningBilling.open();
  });
  afterAll(() => cell.close());

  it('is charged once, exactly, and its postings balance', async () => {
    const customer = new Customer();
    const recorded = customer.recorded();
    await cell.bus.publish([usageRecord([recorded]), witnessRecord([customer.witness(recorded.begun!)])]);
    const client = await cell.client();
    const settings = await cell.as(customer.organizationId);
    const { organizationId } = customer;
    const { requestId } = recorded.begun!;

    const { charge, postings } = await eventually(
      () => client.getCharge({ organizationId, requestId }, settings),
      WITHIN,
    );

    // 800 at 0.10, 200 at 0.01 and 500 at 0.30 a million.
    expect(charge).toMatchObject({
      amount: { amount: '0.000232', currency: 'EUR' },
      basis: billingV1.ChargeBasis.CHARGE_BASIS_AGREED,
      correctsChargeId: '',
    });
    expect(charge!.lines.map(({ quantity, amount }) => [quantity, amount!.amount])).toEqual([
      [800n, '0.00008'],
      [200n, '0.000002'],
      [500n, '0.00015'],
    ]);
    expect(postings.map(({ amount }) => amount!.amount)).toEqual(['0.000232', '-0.000232']);
    const { balance } = await client.getBalance({ organizationId }, settings);
    expect(balance).toEqual({ amount: '0.000232', currency: 'EUR' });
  });
});
