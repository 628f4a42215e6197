import { interval, Money } from '@ostro/kernel';
import fc from 'fast-check';
import { parse } from 'yaml';
import {
  assertBalanced,
  balances,
  draftInvoice,
  type DraftInvoice,
  invoiceLines,
  maximum,
  parsePriceBook,
  type Posting,
  postings,
  rate,
  resolve,
  reverse,
} from './index.ts';

const BOOK = `
id: standard
versions:
  - version: 1
    effective: { from: "2026-01-01T00:00:00Z", to: "2026-07-01T00:00:00Z" }
    prices:
      - { sku: "*/realtime", meter: input_tokens, unit_price: "0.15", pricing_unit_exponent: 6 }
      - { sku: "*/realtime", meter: cached_input_tokens, unit_price: "0.075", pricing_unit_exponent: 6 }
      - { sku: "*/realtime", meter: output_tokens, unit_price: "0.60", pricing_unit_exponent: 6 }
      - { sku: "acme/big/realtime", meter: input_tokens, unit_price: "2", pricing_unit_exponent: 6 }
      - { sku: "acme/big/realtime", meter: output_tokens, unit_price: "6", pricing_unit_exponent: 6 }
      - { sku: "acme/big/realtime", meter: requests, unit_price: "0.0001" }
  - version: 2
    effective: { from: "2026-07-01T00:00:00Z" }
    prices:
      - { sku: "*/realtime", meter: input_tokens, unit_price: "0.000000000001", pricing_unit_exponent: 9 }
      - { sku: "*/realtime", meter: output_tokens, unit_price: "0.5", pricing_unit_exponent: 6 }
`;
const book = parsePriceBook(parse(BOOK));
const eur = (amount: string): Money => Money.of(amount, 'EUR');
const at = (text: string): { at: Date } => ({ at: new Date(text) });
const pricesOf = (model: string) => resolve(book, { models: [model], tier: 'realtime', when: { pinnedVersion: 1 } });

describe('a price book', () => {
  it.each([
    ['2026-01-01T00:00:00.000Z', 1],
    ['2026-06-30T23:59:59.999Z', 1],
    ['2026-07-01T00:00:00.000Z', 2],
    ['2036-01-01T00:00:00.000Z', 2],
  ])('has at %s version %d in force', (instant, version) => {
    expect(resolve(book, { models: [], tier: 'realtime', when: at(instant) }).version).toBe(version);
  });

  it('prefers the first name that has a price and falls back to the wildcard', () => {
    const sku = (...models: string[]) => resolve(book, { models, tier: 'realtime', when: { pinnedVersion: 1 } }).sku;
    expect(sku('sha256:1f', 'acme/big')).toBe('acme/big/realtime');
    expect(sku('sha256:1f', 'acme/small')).toBe('*/realtime');
  });

  it('says what is missing', () => {
    const missing = (when: { at: Date } | { pinnedVersion: number }) => () =>
      resolve(book, { models: ['x'], tier: 'realtime', when });
    expect(missing(at('2025-12-31T23:59:59.999Z'))).toThrow(/no version in force at 2025-12-31/);
    expect(missing({ pinnedVersion: 3 })).toThrow(/no version 3/);
    const bare = parsePriceBook(parse(BOOK.replaceAll('*/realtime', 'other/realtime')));
    expect(() => resolve(bare, { models: ['x'], tier: 'realtime', when: { pinnedVersion: 1 } })).toThrow(
      /no price for x\/realtime/,
    );
  });

  it('cannot be changed', () => {
    expect(() => Object.assign(book.versions[0]!.prices[0]!, { unitPrice: '0' })).toThrow(TypeError);
  });

  it.each([
    ['"0.15"', '0.15', 'versions[0].prices[0].unit_price is a quoted decimal'],
    ['"0.15"', '"0.1234567890123"', 'versions[0].prices[0].unit_price'],
    ['"0.15"', '"-1"', 'versions[0].prices[0].unit_price'],
    ['"0.075"', '"0.16"', 'versions[0].prices (*/realtime) prices cached_input_tokens above input_tokens'],
    ['to: "2026-07-01', 'to: "2026-07-02', 'versions (1) overlaps version 2'],
    [', to: "2026-07-01T00:00:00Z"', '', 'versions (1) overlaps version 2'],
    ['to: "2026-07-01', 'to: "2026-01-01', 'versions[0].effective.to must be after from'],
    ['version: 2', 'version: 1', 'versions has version 1 twice'],
    ['meter: output_tokens', 'meter: outputs', 'versions[0].prices[2].meter is one of input_tokens'],
    ['meter: cached_input_tokens', 'meter: input_tokens', 'has price of */realtime input_tokens twice'],
    ['exponent: 6', 'exponent: 10', 'versions[0].prices[0].pricing_unit_exponent is an integer from 0 to 9'],
    ['*/realtime', 'batch', 'versions[0].prices[0].sku is'],
    ['id: standard', 'id: 7', 'id is'],
    ['id: standard', 'id: standard\ncurrency: euro', 'currency is an ISO 4217 code'],
    ['2026-01-01T00:00:00Z', '2026-01-01', 'versions[0].effective.from is a UTC instant'],
    [
      '- { sku: "acme/big/realtime", meter: output_tokens',
      '- { sku: "b/realtime", meter: output_tokens',
      'lacks a price',
    ],
  ])('is refused with %s -> %s, naming the path', (from, to, message) => {
    expect(BOOK).toContain(from);
    expect(() => parsePriceBook(parse(BOOK.replace(from, to)))).toThrow(
      expect.objectContaining({ reason: 'INVALID_PRICE_BOOK', message: expect.stringContaining(message) }),
    );
  });
});

describe('rating', () => {
  it('is the example of the README, to the last digit', () => {
    const { lines, amount } = rate(pricesOf('any'), {
      inputTokens: 1_234n,
      cachedInputTokens: 1_000n,
      outputTokens: 333n,
    });
    expect(lines.map((line) => `${line.meter} ${line.quantity} ${line.amount}`)).toEqual([
      'input_tokens 234 0.0000351',
      'cached_input_tokens 1000 0.000075',
      'output_tokens 333 0.0001998',
    ]);
    expect(amount.toString()).toBe('0.0003099');
  });

  it('charges cached tokens as input where they have no price, and the request where it has one', () => {
    const { amount } = rate(pricesOf('acme/big'), { inputTokens: 10n, cachedInputTokens: 4n, outputTokens: 1n });
    expect(amount.toString()).toBe('0.000126');
  });

  it('keeps twelve fraction digits per thousand million exact', () => {
    const prices = resolve(book, { models: [], tier: 'realtime', when: { pinnedVersion: 2 } });
    const { amount } = rate(prices, { inputTokens: 3n, cachedInputTokens: 0n, outputTokens: 0n });
    expect(amount.toString()).toBe('0.000000000000000000003');
  });

  it('refuses quantities that cannot be', () => {
    const refused = { inputTokens: 1n, cachedInputTokens: 2n, outputTokens: 0n };
    expect(() => rate(pricesOf('any'), refused)).toThrow(/part of the input tokens/);
  });

  it('never costs more than was reserved at the dearest candidate', () => {
    const tokens = fc.bigInt({ min: 0n, max: 10_000_000n });
    const candidates = [pricesOf('any'), pricesOf('acme/big')] as const;
    fc.assert(
      fc.property(tokens, tokens, tokens, fc.bigInt({ min: 1n, max: 8n }), (input, cached, output, n) => {
        const reserved = maximum(candidates, { promptBound: input, effectiveMax: output, n });
        const cachedInputTokens = cached < input ? cached : input;
        for (const prices of candidates) {
          const used = rate(prices, { inputTokens: input, cachedInputTokens, outputTokens: output * n }).amount;
          expect(used.compare(reserved)).toBeLessThanOrEqual(0);
        }
      }),
    );
    expect(maximum(candidates, { promptBound: 1_000n, effectiveMax: 4_096n, n: 2n }).toString()).toBe('0.051252');
  });
});

const money = fc.tuple(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), fc.integer({ min: 0, max: 12 }));
const amounts = money.map(([value, exponent]) => eur('1').times(value).perPowerOfTen(exponent));

describe('double entry', () => {
  const entry = fc
    .record({ organizationId: fc.constantFrom('org_a', 'org_b'), shard: fc.nat(3), amount: amounts })
    .map((input) => postings({ ...input, providerId: 'site' }));

  it('sums to zero, and a reversal takes everything back', () => {
    fc.assert(
      fc.property(fc.array(entry), (batches) => {
        for (const batch of batches) assertBalanced(batch);
        const all = batches.flat();
        assertBalanced(all);
        for (const balance of balances([...all, ...reverse(all)]).values()) expect(balance.isZero()).toBe(true);
      }),
    );
  });

  it('replays to the same balances in any order and any grouping', () => {
    const texts = (entries: readonly Posting[]) => [...balances(entries)].map(([key, sum]) => `${key} ${sum}`);
    fc.assert(
      fc.property(fc.array(entry), fc.nat(), (batches, cut) => {
        const all = batches.flat();
        const at = all.length === 0 ? 0 : cut % all.length;
        expect(texts([...all.slice(at), ...all.slice(0, at)])).toEqual(texts(all));
      }),
    );
  });

  it('debits the organization and credits the provider', () => {
    const entries = postings({ organizationId: 'org_1', providerId: 'site_1', shard: 3, amount: eur('1.5') });
    expect(entries.map(({ account, amount }) => `${account} ${amount}`)).toEqual([
      'organization:org_1:receivable 1.5',
      'ostro:revenue:site_1:3 -1.5',
    ]);
    expect(() => assertBalanced(entries.slice(1))).toThrow(/off by -1.5 EUR/);
    expect(postings({ organizationId: 'org_1', providerId: 'site_1', shard: 3, amount: eur('0') })).toEqual([]);
  });
});

describe('an invoice', () => {
  const charge = (projectId: string, amount: Money, quantity = 1n) => ({
    projectId,
    model: 'm',
    lines: [{ meter: 'input_tokens' as const, quantity, amount }],
  });

  it('rounds once per line, half up, after summing exactly', () => {
    const lines = invoiceLines([
      charge('prj_b', eur('0.0025')),
      charge('prj_a', eur('0.004')),
      charge('prj_a', eur('0.0010'), 5n),
      charge('prj_b', eur('0.0024')),
    ]);
    expect(lines.map((line) => `${line.projectId} ${line.quantity} ${line.exactAmount} ${line.amount}`)).toEqual([
      'prj_a 6 0.005 0.01',
      'prj_b 2 0.0049 0',
    ]);
  });

  it('totals what its lines say, whatever the order of the charges', () => {
    const charges = fc.array(fc.tuple(fc.constantFrom('prj_a', 'prj_b', 'prj_c'), amounts));
    const period = interval(new Date('2026-11-01T00:00:00Z'), new Date('2026-12-01T00:00:00Z'));
    const texts = ({ lines }: DraftInvoice) =>
      lines.map((line) => `${line.projectId} ${line.quantity} ${line.exactAmount}`);
    fc.assert(
      fc.property(charges, (list) => {
        const input = list.map(([project, amount]) => charge(project, amount));
        const draft = (ordered: typeof input) =>
          draftInvoice({ organizationId: 'org_1', period, currency: 'EUR', charges: ordered });
        const invoice = draft(input);
        const printed = invoice.lines.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0);
        expect(Math.round(Number(invoice.total) * 100)).toBe(printed);
        expect(texts(draft(input.toReversed()))).toEqual(texts(invoice));
      }),
    );
  });
});
