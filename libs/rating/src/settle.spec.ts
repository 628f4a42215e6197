import fc from 'fast-check';
import type { Quantities } from './rate.ts';
import { deliveredTokens, settle, SETTLEMENT_WAIT_MS, WITNESS_WAIT_MS } from './settle.ts';
import type { Checkpoint, GatewayRecord, Outcome, Settlement, SettlementInput, WitnessRecord } from './settle.ts';

const FRESH = 0;
const LATE = WITNESS_WAIT_MS;
const OVERDUE = SETTLEMENT_WAIT_MS;

const absent = { state: 'absent' } as const;
const begin: GatewayRecord = { state: 'begin' };
const counts = { inputTokens: 100n, cachedInputTokens: 20n, outputTokens: 50n };
const checkpoints: Checkpoint[] = [
  { bodyOffset: 1_000n, outputTokens: 10n },
  { bodyOffset: 2_000n, outputTokens: 20n },
  { bodyOffset: 4_000n, outputTokens: 40n },
];
const ended = (outcome: Outcome, over: object = {}): GatewayRecord => ({
  state: 'end',
  outcome,
  ...counts,
  bytesForwarded: 5_000n,
  ...over,
});
const uncounted = { inputTokens: undefined, cachedInputTokens: undefined, outputTokens: undefined };
const cancelled = (bytesForwarded: bigint): GatewayRecord => ({
  state: 'end',
  outcome: 'client_cancelled',
  inputTokens: 100n,
  bytesForwarded,
});
const witness = (end: 'complete' | 'aborted', over: object = {}): WitnessRecord => ({
  state: 'witnessed',
  end,
  ...counts,
  bodyBytes: 5_000n,
  checkpoints,
  ...over,
});

/** `basis input/cached/output`, or the type and its reason. */
function brief(settlement: Settlement): string {
  switch (settlement.type) {
    case 'charge':
      return `${settlement.basis} ${numbers(settlement)}`;
    case 'wait':
      return `wait for ${settlement.for}`;
    case 'no_charge':
      return `no charge: ${settlement.reason}`;
    case 'correction':
      return `correct ${numbers(settlement.from)} to ${numbers(settlement.to)}`;
    case 'unchanged':
      return 'unchanged';
  }
}

const numbers = (q: Quantities): string => `${q.inputTokens}/${q.cachedInputTokens}/${q.outputTokens}`;

type Row = [string, GatewayRecord, WitnessRecord, Partial<SettlementInput>, string];
const facts = (over: Partial<SettlementInput>): Omit<SettlementInput, 'gateway' | 'witness'> => ({
  expectsWitness: true,
  spoolReplayed: false,
  ageMs: FRESH,
  ...over,
});
const replayed = { spoolReplayed: true };
const complete = witness('complete');
const aborted = witness('aborted', { outputTokens: 45n, bodyBytes: 4_500n });

const rows: Row[] = [
  ['nobody said anything yet', absent, absent, {}, 'wait for gateway'],
  ['nobody will say anything', absent, absent, replayed, 'no charge: never_dispatched'],
  ['nobody said anything in 48 h', absent, absent, { ageMs: OVERDUE }, 'no charge: never_dispatched'],
  ['a witness alone', absent, complete, {}, 'wait for gateway'],
  ['a witness alone, just before 48 h', absent, complete, { ageMs: OVERDUE - 1 }, 'wait for gateway'],
  ['a witness alone after 48 h', absent, complete, { ageMs: OVERDUE }, 'witness 100/20/50'],
  ['a witness alone after the replay', absent, complete, replayed, 'witness 100/20/50'],
  ['an aborted witness alone', absent, aborted, {}, 'wait for gateway'],
  ['an aborted witness alone after the replay', absent, aborted, replayed, 'no charge: gateway_lost'],
  ['an aborted witness alone after 48 h', absent, aborted, { ageMs: OVERDUE }, 'no charge: gateway_lost'],

  ['begin alone', begin, absent, {}, 'wait for gateway'],
  ['begin alone after the replay', begin, absent, replayed, 'wait for witness'],
  [
    'begin alone after the replay, external',
    begin,
    absent,
    { ...replayed, expectsWitness: false },
    'no charge: gateway_lost',
  ],
  ['begin alone after 48 h', begin, absent, { ageMs: OVERDUE }, 'no charge: gateway_lost'],
  ['begin and a complete witness', begin, complete, {}, 'wait for gateway'],
  ['begin and a complete witness after the replay', begin, complete, replayed, 'witness 100/20/50'],
  ['begin and a complete witness after 48 h', begin, complete, { ageMs: OVERDUE }, 'witness 100/20/50'],
  ['begin and an aborted witness after the replay', begin, aborted, replayed, 'no charge: gateway_lost'],

  ['refused', ended('refused'), complete, {}, 'no charge: refused'],
  ['refused, no witness', ended('refused'), absent, {}, 'no charge: refused'],
  ['our failure', ended('failed_ours'), complete, {}, 'no charge: our_failure'],
  ['our failure, aborted', ended('failed_ours'), aborted, {}, 'no charge: our_failure'],
  ['our failure, no witness', ended('failed_ours'), absent, {}, 'no charge: our_failure'],

  ['completed, both agree', ended('completed'), complete, {}, 'agreed 100/20/50'],
  [
    'completed, gateway counts more',
    ended('completed', { outputTokens: 60n }),
    complete,
    {},
    'lower_of_both 100/20/50',
  ],
  ['completed, gateway counts less', ended('completed', { inputTokens: 90n }), complete, {}, 'lower_of_both 90/20/50'],
  [
    'completed, more was cached',
    ended('completed', { cachedInputTokens: 80n }),
    complete,
    {},
    'lower_of_both 100/80/50',
  ],
  ['completed, gateway has no counts', ended('completed', uncounted), complete, {}, 'witness 100/20/50'],
  ['completed, witness aborted', ended('completed'), aborted, {}, 'lower_of_both 100/20/45'],
  ['completed, no witness yet', ended('completed'), absent, {}, 'wait for witness'],
  ['completed, witness late', ended('completed'), absent, { ageMs: LATE }, 'gateway 100/20/50'],
  ['completed, external', ended('completed'), absent, { expectsWitness: false }, 'gateway 100/20/50'],
  ['completed, counted by nobody yet', ended('completed', uncounted), absent, { ageMs: LATE }, 'wait for witness'],
  ['completed, counted by nobody', ended('completed', uncounted), absent, { ageMs: OVERDUE }, 'no charge: not_counted'],

  ['cancelled before the first checkpoint', cancelled(999n), aborted, {}, 'agreed 100/20/0'],
  ['cancelled at a checkpoint', cancelled(2_000n), aborted, {}, 'agreed 100/20/20'],
  ['cancelled between checkpoints', cancelled(3_999n), aborted, {}, 'agreed 100/20/20'],
  ['cancelled behind the last checkpoint', cancelled(4_500n), aborted, {}, 'agreed 100/20/40'],
  ['cancelled, all produced, part delivered', cancelled(4_999n), complete, {}, 'agreed 100/20/40'],
  ['cancelled, all produced and delivered', cancelled(5_000n), complete, {}, 'agreed 100/20/50'],
  ['cancelled, no running usage', cancelled(4_000n), witness('aborted', { checkpoints: [] }), {}, 'agreed 100/20/0'],
  ['cancelled, no witness yet', cancelled(4_000n), absent, {}, 'wait for witness'],
  ['cancelled, witness late', ended('client_cancelled'), absent, { ageMs: LATE }, 'gateway 100/20/0'],
  ['cancelled, external', ended('client_cancelled'), absent, { expectsWitness: false }, 'gateway 100/20/50'],

  ['charged alike', ended('completed'), complete, { charged: counts }, 'unchanged'],
  ['charged, evidence is incomplete', absent, complete, { charged: counts }, 'unchanged'],
  [
    'charged from the gateway, witness lower',
    ended('completed'),
    aborted,
    { charged: counts },
    'correct 100/20/50 to 100/20/45',
  ],
  [
    'charged from the witness, then our failure',
    ended('failed_ours'),
    complete,
    { charged: counts },
    'correct 100/20/50 to 0/0/0',
  ],
  [
    'charged for no tokens, then our failure',
    ended('failed_ours'),
    complete,
    { charged: { inputTokens: 0n, cachedInputTokens: 0n, outputTokens: 0n } },
    'correct 0/0/0 to 0/0/0',
  ],
];

describe('settling a request', () => {
  it.each(rows)('%s', (_, gateway, witnessed, over, expected) => {
    expect(brief(settle({ gateway, witness: witnessed, ...facts(over) }))).toBe(expected);
  });

  it('lists by how much the gateway counted more', () => {
    const gateway = ended('completed', { inputTokens: 103n, outputTokens: 48n });
    expect(settle({ gateway, witness: complete, ...facts({}) })).toMatchObject({
      difference: { inputTokens: 3n, cachedInputTokens: 0n, outputTokens: -2n },
    });
  });
});

describe('settling anything', () => {
  const count = fc.bigInt({ min: 0n, max: 300n });
  const maybe = fc.option(count, { nil: undefined });
  const gateway: fc.Arbitrary<GatewayRecord> = fc.oneof(
    fc.constant(absent),
    fc.constant(begin),
    fc.record({
      state: fc.constant('end' as const),
      outcome: fc.constantFrom<Outcome[]>('completed', 'client_cancelled', 'failed_ours', 'refused'),
      inputTokens: maybe,
      cachedInputTokens: maybe,
      outputTokens: maybe,
      bytesForwarded: fc.bigInt({ min: 0n, max: 6_000n }),
    }) as fc.Arbitrary<GatewayRecord>,
  );
  const witnessed: fc.Arbitrary<WitnessRecord> = fc.oneof(
    fc.constant(absent),
    fc.record({
      state: fc.constant('witnessed' as const),
      end: fc.constantFrom('complete' as const, 'aborted' as const),
      inputTokens: count,
      cachedInputTokens: count,
      outputTokens: count,
      bodyBytes: fc.bigInt({ min: 0n, max: 6_000n }),
      checkpoints: fc.array(fc.record({ bodyOffset: fc.bigInt({ min: 0n, max: 6_000n }), outputTokens: count })),
    }),
  );
  const anything: fc.Arbitrary<SettlementInput> = fc.record({
    gateway,
    witness: witnessed,
    expectsWitness: fc.boolean(),
    spoolReplayed: fc.boolean(),
    ageMs: fc.constantFrom(FRESH, LATE, OVERDUE),
  });
  const assert = (check: (input: SettlementInput) => void): void =>
    fc.assert(fc.property(anything, check), { numRuns: 3_000 });

  it('never bills more than either source counted', () => {
    assert(({ gateway: said, witness: seen, ...rest }) => {
      const settlement = settle({ gateway: said, witness: seen, ...rest });
      if (settlement.type !== 'charge') return;
      expect(settlement.cachedInputTokens).toBeLessThanOrEqual(settlement.inputTokens);
      if (said.state === 'end') expectAtMost(settlement, said);
      if (seen.state === 'witnessed') expectAtMost(settlement, seen);
    });
  });

  function expectAtMost(billed: Quantities, source: { readonly [K in keyof Quantities]?: bigint | undefined }): void {
    const { inputTokens = 300n, outputTokens = 300n, cachedInputTokens = 0n } = source;
    expect(billed.inputTokens).toBeLessThanOrEqual(inputTokens);
    expect(billed.outputTokens).toBeLessThanOrEqual(outputTokens);
    const uncached = inputTokens > cachedInputTokens ? inputTokens - cachedInputTokens : 0n;
    expect(billed.inputTokens - billed.cachedInputTokens).toBeLessThanOrEqual(uncached);
  }

  it('never bills more of a cancelled stream than was delivered', () => {
    const partly = fc.tuple(gateway, witnessed).filter(([said, seen]) => {
      return said.state === 'end' && seen.state === 'witnessed' && said.bytesForwarded < seen.bodyBytes;
    }) as fc.Arbitrary<[Extract<GatewayRecord, { state: 'end' }>, Extract<WitnessRecord, { state: 'witnessed' }>]>;
    fc.assert(
      fc.property(partly, ([said, seen]) => {
        const cut: GatewayRecord = { ...said, outcome: 'client_cancelled' };
        const settlement = settle({ gateway: cut, witness: seen, ...facts({}) });
        const delivered = deliveredTokens(seen.checkpoints, said.bytesForwarded);
        expect(settlement.type === 'charge' && settlement.outputTokens <= delivered).toBe(true);
      }),
    );
  });

  it('gives the same answer to the same facts, and nothing to do once it was obeyed', () => {
    assert((input) => {
      const first = settle(input);
      expect(settle(input)).toEqual(first);
      if (first.type === 'charge') expect(settle({ ...input, charged: first })).toEqual({ type: 'unchanged' });
    });
  });

  it('never waits longer than 48 h', () => {
    assert((input) => expect(settle({ ...input, ageMs: OVERDUE }).type).not.toBe('wait'));
  });

  it('charges nothing for our failures and refusals', () => {
    assert((input) => {
      if (input.gateway.state !== 'end' || !['failed_ours', 'refused'].includes(input.gateway.outcome)) return;
      expect(settle(input).type).toBe('no_charge');
    });
  });
});
