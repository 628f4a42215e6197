import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { usageV1 } from '@ostro/contracts';
import { idSource, manualClock, type ManualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningBilling } from './running-billing.ts';
import { Customer, usageRecord, witnessRecord } from './usage-builders.ts';

jest.setTimeout(120_000);
const WITHIN = { withinMs: 60_000 };
const MINUTES_MS = 60_000;
const { RequestOutcome, AttemptEnd } = usageV1;

/** 800 + 200 cached + 500 tokens at 0.10, 0.01 and 0.30 a million. */
const WHOLE = '0.000232';
const INPUT_ONLY = '0.000082';

describe('settlement', () => {
  let clock: ManualClock;
  let cell: RunningBilling;
  let customer: Customer;
  beforeAll(async () => {
    clock = manualClock(new Date());
    cell = await RunningBilling.open({ clock });
  });
  afterAll(() => cell.close());
  beforeEach(() => {
    customer = new Customer(
      () => clock.now(),
      idSource(clock, (size) => randomBytes(size)),
    );
  });

  const publish = (...records: Parameters<RunningBilling['bus']['publish']>[0]) => cell.bus.publish(records);
  const requests = (...entries: Parameters<typeof usageRecord>[0]) => usageRecord(entries, { time: clock.now() });
  const witnesses = (...seen: Parameters<typeof witnessRecord>[0]) => witnessRecord(seen, { time: clock.now() });
  const owes = (amount: string) =>
    eventually(async () => expect(await cell.owed(customer.organizationId)).toBe(amount), WITHIN);
  const is = (recorded: { begun: usageV1.UsageBegun | undefined }, state: string, reason: string | null = null) =>
    eventually(
      async () => expect(await cell.settlement(recorded.begun!.requestId)).toMatchObject({ state, reason }),
      WITHIN,
    );

  it('charges once, however often both halves come', async () => {
    const recorded = customer.recorded();
    const witness = customer.witness(recorded.begun!);
    const halves = () => [requests(recorded), witnesses(witness), requests(recorded, recorded)];
    await publish(...halves(), ...halves(), ...halves());
    await owes(WHOLE);
    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    expect(await cell.owed(customer.organizationId)).toBe(WHOLE);
    expect(await cell.settlement(recorded.begun!.requestId)).toMatchObject({ state: 'charged', revision: 1 });
  });

  it('waits for the gateway when the witness comes first', async () => {
    const recorded = customer.recorded();
    await publish(witnesses(customer.witness(recorded.begun!)));
    await is(recorded, 'waiting', 'gateway');
    await publish(requests(recorded));
    await owes(WHOLE);
  });

  it('charges the gateway alone after ten minutes and corrects it by a late, lower witness', async () => {
    const recorded = customer.recorded();
    await publish(requests(recorded));
    await is(recorded, 'waiting', 'witness');
    expect(await cell.owed(customer.organizationId)).toBe('0');
    clock.advance(10 * MINUTES_MS);
    await owes(WHOLE);

    const tokens = { inputTokens: 1_000n, cachedInputTokens: 200n, outputTokens: 400n };
    await publish(witnesses(customer.witness(recorded.begun!, { tokens })));

    await owes('0.000202');
    const rows = await cell.query(
      `SELECT revision, is_reversal, amount::float8, basis, difference FROM charges
       WHERE request_id = $1 ORDER BY revision, is_reversal DESC`,
      [recorded.begun!.requestId],
    );
    expect(rows).toMatchObject([
      { revision: 1, is_reversal: false, amount: 0.000232, basis: 'gateway', difference: null },
      { revision: 2, is_reversal: true, amount: -0.000232, basis: 'gateway' },
      {
        revision: 2,
        is_reversal: false,
        amount: 0.000202,
        basis: 'lower_of_both',
        difference: { outputTokens: '100', inputTokens: '0' },
      },
    ]);
  });

  it('bills a cancelled stream for what was delivered', async () => {
    const recorded = customer.recorded({
      outcome: RequestOutcome.REQUEST_OUTCOME_CLIENT_CANCELLED,
      tokens: undefined,
      forwardedBytes: 3_500n,
    });
    const end = AttemptEnd.ATTEMPT_END_ABORTED;
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!, { end })));
    // Of 500 tokens the last checkpoint at or below 3,500 bytes has 300.
    await owes('0.000172');
  });

  it('bills a cancelled stream of a runtime without running usage for its prompt', async () => {
    const recorded = customer.recorded({
      outcome: RequestOutcome.REQUEST_OUTCOME_CLIENT_CANCELLED,
      tokens: undefined,
      forwardedBytes: 3_500n,
    });
    const aborted = { end: AttemptEnd.ATTEMPT_END_ABORTED, hasRunningUsage: false };
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!, aborted)));
    await owes(INPUT_ONLY);
  });

  it.each([
    ['our failure', RequestOutcome.REQUEST_OUTCOME_FAILED, 'our_failure'],
    ['a refusal', RequestOutcome.REQUEST_OUTCOME_REFUSED, 'refused'],
  ])('bills nothing for %s', async (_, outcome, reason) => {
    const recorded = customer.recorded({ outcome });
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!)));
    await is(recorded, 'not_charged', reason);
    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    expect(await cell.owed(customer.organizationId)).toBe('0');
  });

  it('bills a whole answer whose gateway was lost, found when its spool was replayed', async () => {
    const recorded = customer.recorded({
      outcome: RequestOutcome.REQUEST_OUTCOME_GATEWAY_LOST,
      tokens: undefined,
      endTime: undefined,
    });
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!)));
    await owes(WHOLE);
  });

  it('bills nothing for a part of an answer whose gateway was lost', async () => {
    const recorded = customer.recorded({ outcome: RequestOutcome.REQUEST_OUTCOME_GATEWAY_LOST, tokens: undefined });
    const end = AttemptEnd.ATTEMPT_END_ABORTED;
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!, { end })));
    await is(recorded, 'not_charged', 'gateway_lost');
  });

  it('bills from the witness alone once the gateway is known to have nothing more to say', async () => {
    const gatewayIncarnation = 'inc_that_died';
    const before = customer.recorded({ gatewayIncarnation, sequence: 1n });
    const lost = { begun: customer.begun() };
    await publish(witnesses(customer.witness(lost.begun, { gatewayIncarnation })));
    // Its spool held one record; until that one is here the replay proves nothing.
    await publish(requests({ gatewayIncarnation, lastSequence: 1n }));
    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    await is(lost, 'waiting', 'gateway');
    await publish(requests(before), witnesses(customer.witness(before.begun!, { gatewayIncarnation })));
    await owes('0.000464');
  });

  it('bills from the witness alone after 48 h, and corrects that by a late gateway', async () => {
    const recorded = customer.recorded();
    await publish(witnesses(customer.witness(recorded.begun!)));
    await is(recorded, 'waiting', 'gateway');
    clock.advance(48 * 60 * MINUTES_MS);
    await owes(WHOLE);
    const failed = { ...recorded, outcome: RequestOutcome.REQUEST_OUTCOME_FAILED, endTime: clock.now() };
    await publish(requests(failed));
    await owes('0');
    await is(recorded, 'not_charged', 'corrected_to_nothing');
  });

  it('changes no balance when everything is read again from the first record', async () => {
    const recorded = customer.recorded();
    await publish(requests(recorded), witnesses(customer.witness(recorded.begun!)));
    await owes(WHOLE);
    // This customer's alone: other suites publish to the same topics meanwhile.
    const { organizationId } = customer;
    const account = `organization:${organizationId}%`;
    const books = () =>
      cell.query(
        `SELECT (SELECT json_agg(charges ORDER BY id) FROM charges WHERE organization_id = $1) AS charges,
           (SELECT json_agg(postings ORDER BY transaction_id) FROM postings WHERE account LIKE $2) AS postings,
           (SELECT json_agg(account_balances) FROM account_balances WHERE account LIKE $2) AS balances`,
        [organizationId, account],
      );
    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    const before = await books();
    expect(before).toMatchObject([{ charges: [{}], balances: [{}] }]);

    await cell.stop();
    await cell.query('DELETE FROM consumer_offsets');
    await cell.query('DELETE FROM inbox');
    await cell.start();

    await eventually(async () => expect(await cell.isCaughtUp()).toBe(true), WITHIN);
    expect(await books()).toEqual(before);
  });

  it('keeps the books balanced: nothing is edited and nothing is left over', async () => {
    expect(await cell.query('SELECT currency, sum(amount)::text FROM postings GROUP BY currency')).toEqual([
      { currency: 'EUR', sum: expect.stringMatching(/^0\.?0*$/) },
    ]);
    expect(
      await cell.query(
        `SELECT account FROM account_balances FULL JOIN
           (SELECT account, sum(amount) AS replayed FROM postings GROUP BY account) AS posted USING (account)
         WHERE balance IS DISTINCT FROM replayed`,
      ),
    ).toEqual([]);
    expect(
      await cell.query(
        `SELECT organization_id FROM charges GROUP BY organization_id
         HAVING sum(amount) <> (SELECT balance FROM account_balances
           WHERE account = 'organization:' || organization_id || ':receivable')`,
      ),
    ).toEqual([]);
  });

  it.each([
    'UPDATE charges SET amount = 0',
    'DELETE FROM charges',
    'TRUNCATE charges',
    'UPDATE postings SET amount = 0',
    'DELETE FROM postings',
    'DELETE FROM ledger_transactions',
    `UPDATE price_versions SET prices = '[]'`,
    'DELETE FROM price_versions',
  ])('refuses %s', async (statement) => {
    await expect(cell.query(statement)).rejects.toThrow(/never edited/);
  });

  it('refuses postings that do not sum to zero', async () => {
    const unbalanced = `WITH made AS (INSERT INTO ledger_transactions VALUES ('txn_x', 'org_x', now()) RETURNING id)
      INSERT INTO postings SELECT id, 'organization:org_x:receivable', 'EUR', 1 FROM made`;
    await expect(cell.query(unbalanced)).rejects.toThrow(/do not sum to zero/);
  });
});
