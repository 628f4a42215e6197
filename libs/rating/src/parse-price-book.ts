import { DomainError } from '@ostro/kernel';
import { amountOf, METERS, type Meter, type PriceBook, type PriceVersion, type SkuPrice } from './price-book.ts';

const UNIT_PRICE = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;
const SKU = /^[\w.:/*-]{1,200}\/realtime$/;

/**
 * Reads a price book as an operator writes it (see the README). Prices are quoted decimal strings: a bare YAML number
 * has already been rounded by the time it is read.
 * @throws DomainError INVALID_ARGUMENT (INVALID_PRICE_BOOK) whose message starts with the path of what is wrong.
 */
export function parsePriceBook(document: unknown): PriceBook {
  const book = record(document, 'price book');
  const currency = matching(book['currency'] ?? 'EUR', /^[A-Z]{3}$/, 'currency', 'is an ISO 4217 code such as EUR');
  const id = matching(book['id'], /^[a-z0-9][\w.-]{0,62}$/, 'id', 'is up to 63 letters, digits, dots and dashes');
  const versions = list(book['versions'], 'versions').map((item, at) =>
    parseVersion(item, `versions[${at}]`, currency),
  );
  refuseTwice(
    versions.map(({ version }) => String(version)),
    'versions',
    'version',
  );
  versions.sort((a, b) => a.effective.from.getTime() - b.effective.from.getTime());
  versions.forEach((version, at) => refuseOverlap(version, versions[at + 1]));
  return deepFreeze({ id, currency, versions });
}

function parseVersion(item: unknown, path: string, currency: string): PriceVersion {
  const source = record(item, path);
  const version = integer(source['version'], { path: `${path}.version`, min: 1, max: 2 ** 31 - 1 });
  const effective = record(source['effective'], `${path}.effective`);
  const from = instant(effective['from'], `${path}.effective.from`);
  const to = effective['to'] === undefined ? undefined : instant(effective['to'], `${path}.effective.to`);
  if (to !== undefined && to.getTime() <= from.getTime()) fail(`${path}.effective.to`, 'must be after from');
  const prices = list(source['prices'], `${path}.prices`).map((price, at) =>
    parsePrice(price, `${path}.prices[${at}]`),
  );
  refuseTwice(
    prices.map(({ sku, meter }) => `${sku} ${meter}`),
    `${path}.prices`,
    'price of',
  );
  for (const sku of new Set(prices.map((price) => price.sku))) {
    refuseIncomplete(
      prices.filter((price) => price.sku === sku),
      `${path}.prices (${sku})`,
      currency,
    );
  }
  return { version, effective: to === undefined ? { from } : { from, to }, prices };
}

function parsePrice(item: unknown, path: string): SkuPrice {
  const source = record(item, path);
  const meter = METERS.find((candidate) => candidate === source['meter']);
  return {
    sku: matching(source['sku'], SKU, `${path}.sku`, 'is <model family, digest or *>/realtime'),
    meter: meter ?? fail(`${path}.meter`, `is one of ${METERS.join(', ')}`),
    unitPrice: matching(
      source['unit_price'],
      UNIT_PRICE,
      `${path}.unit_price`,
      'is a quoted decimal such as "0.15" with at most 12 fraction digits',
    ),
    pricingUnitExponent: integer(source['pricing_unit_exponent'] ?? 0, {
      path: `${path}.pricing_unit_exponent`,
      min: 0,
      max: 9,
    }),
  };
}

/** A reservation uses the uncached price, so a dearer cached one would let a charge exceed its reservation. */
function refuseIncomplete(prices: readonly SkuPrice[], path: string, currency: string): void {
  const of = (meter: Meter): SkuPrice | undefined => prices.find((price) => price.meter === meter);
  const input = of('input_tokens') ?? fail(path, 'lacks a price for input_tokens');
  if (of('output_tokens') === undefined) fail(path, 'lacks a price for output_tokens');
  const cached = of('cached_input_tokens');
  const perBillion = (price: SkuPrice) => amountOf(price, 1_000_000_000n, currency);
  if (cached !== undefined && perBillion(cached).compare(perBillion(input)) > 0) {
    fail(path, 'prices cached_input_tokens above input_tokens');
  }
}

function refuseOverlap(version: PriceVersion, next: PriceVersion | undefined): void {
  if (next === undefined) return;
  const { to } = version.effective;
  if (to !== undefined && to.getTime() <= next.effective.from.getTime()) return;
  fail(
    `versions (${version.version})`,
    `overlaps version ${next.version}: end it at ${next.effective.from.toISOString()} or before`,
  );
}

function refuseTwice(keys: readonly string[], path: string, what: string): void {
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) fail(path, `has ${what} ${twice} twice`);
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'must be a mapping');
  return value as Record<string, unknown>;
}

function list(value: unknown, path: string): unknown[] {
  return Array.isArray(value) && value.length > 0 ? value : fail(path, 'must be a list with at least one entry');
}

function matching(value: unknown, pattern: RegExp, path: string, rule: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : fail(path, rule);
}

function integer(value: unknown, { path, min, max }: { path: string; min: number; max: number }): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    ? value
    : fail(path, `is an integer from ${min} to ${max}`);
}

function instant(value: unknown, path: string): Date {
  const date = new Date(matching(value, INSTANT, path, 'is a UTC instant such as 2026-01-01T00:00:00Z'));
  return Number.isNaN(date.getTime()) ? fail(path, 'is no date of the calendar') : date;
}

function fail(path: string, rule: string): never {
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_PRICE_BOOK', `${path} ${rule}`, { details: { path } });
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child);
  return Object.freeze(value);
}
