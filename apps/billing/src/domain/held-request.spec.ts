import { idSource, seededIds, manualClock, type Id } from '@ostro/kernel';
import type { Quantities } from '@ostro/rating';
import fc from 'fast-check';
import type { Arrival } from './arrival.ts';
import { HeldRequest } from './held-request.ts';
import { settleRequest } from './settle-request.ts';
import type { Admission, GatewayFact, WitnessFact } from './usage-facts.ts';

const START = new Date('2026-11-22T12:00:00.000Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ids = idSource(manualClock(START), (size) => new Uint8Array(size));
const requestId = ids('req');
const organizationId: Id<'org'> = seededIds(1)('org');

const admission: Admission = {
  requestId,
  organizationId,
  projectId: 'prj_1',
  keyId: 'key_1',
  endpointName: 'smol',
  providerOrganizationId: 'org_2',
  modelDigest: 'sha256:1f',
  priceBookId: '',
  priceVersion: 1,
  sku: '',
};

function minutesLater(minutes: number): Date {
  return new Date(START.getTime() + minutes * MINUTE_MS);
}

function arrival(half: 'gateway', fact: GatewayFact): Arrival;
function arrival(half: 'witness', fact: WitnessFact): Arrival;
function arrival(half: 'gateway' | 'witness', fact: GatewayFact | WitnessFact): Arrival {
  const text = JSON.stringify(fact, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  const common = { organizationId, requestId, record: Buffer.from(half + text), publishedAt: START };
  return { half, fact, ...common } as Arrival;
}

function recorded(overrides: Partial<GatewayFact> = {}): Arrival {
  return arrival('gateway', {
    admission,
    outcome: 'completed',
    answeredBy: { attempt: 1, hasAgent: true },
    tokens: { inputTokens: 100n, cachedInputTokens: 20n, outputTokens: 50n },
    forwardedBytes: 5_000n,
    endedAt: START,
    incarnation: 'inc_1',
    ...overrides,
  });
}

function witnessed(overrides: Partial<WitnessFact> = {}): Arrival {
  return arrival('witness', {
    admission,
    attempt: 1,
    end: 'complete',
    inputTokens: 100n,
    cachedInputTokens: 20n,
    outputTokens: 50n,
    bodyBytes: 5_000n,
    checkpoints: [{ bodyOffset: 1_000n, outputTokens: 10n }],
    endedAt: START,
    gatewayIncarnation: 'inc_1',
    ...overrides,
  });
}

/** The request's row over time, as the database keeps it between transactions. */
class Row {
  readonly #request = new HeldRequest(organizationId, requestId, { state: 'waiting', revision: 0 });
  charged: Quantities | undefined;
  isSpoolReplayed = false;

  learn(one: Arrival, now = START) {
    const defect = this.#request.learn(one, now);
    this.settle(now);
    return defect?.reason;
  }

  settle(now: Date) {
    if (this.#request.isEmpty) return undefined;
    const facts = { ...this.#request.facts, ...(this.charged && { charged: this.charged }) };
    const decision = settleRequest(facts, { now, isSpoolReplayed: this.isSpoolReplayed });
    if (decision.type === 'charge' || decision.type === 'correction') this.charged = decision.billable?.quantities;
    return decision;
  }
}

describe('a request that learns', () => {
  it('takes a fact once, however often it comes', () => {
    const row = new Row();
    expect([row.learn(recorded()), row.learn(recorded()), row.learn(witnessed()), row.learn(witnessed())]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(row.charged).toMatchObject({ outputTokens: 50n });
  });

  it('sends a second story to review and keeps the first', () => {
    const row = new Row();
    row.learn(recorded());
    row.learn(witnessed());
    expect(row.learn(recorded({ forwardedBytes: 1n }))).toBe('CONFLICT');
    expect(row.learn(witnessed({ outputTokens: 1n }))).toBe('CONFLICT');
    expect(row.charged).toMatchObject({ outputTokens: 50n });
  });

  it('believes an End rather than a Begin, whichever came first', () => {
    const lost = recorded({ outcome: 'gateway_lost', forwardedBytes: 0n });
    for (const order of [
      [lost, recorded()],
      [recorded(), lost],
    ]) {
      const row = new Row();
      for (const one of order) expect(row.learn(one)).toBeUndefined();
      row.learn(witnessed({ end: 'aborted', outputTokens: 30n }));
      expect(row.charged).toMatchObject({ outputTokens: 30n });
    }
  });

  it.each([
    ['ended 48 h before it was published', { endedAt: new Date(START.getTime() - 48 * HOUR_MS - 1) }, 'OUT_OF_TIME'],
    ['ended just within 48 h', { endedAt: new Date(START.getTime() - 48 * HOUR_MS) }, undefined],
    ['ended 31 s in the future', { endedAt: new Date(START.getTime() + 31_000) }, 'OUT_OF_TIME'],
    ['ended 30 s in the future', { endedAt: new Date(START.getTime() + 30_000) }, undefined],
  ])('that %s', (_, overrides, expected) => {
    expect(new Row().learn(recorded(overrides))).toBe(expected);
  });

  it('is closed 48 h after its month, but knows a repetition even then', () => {
    const within = new Date('2026-12-31T23:59:59Z');
    const row = new Row();
    expect(row.learn(recorded(), START)).toBeUndefined();
    expect(row.learn(recorded(), within)).toBeUndefined();
    expect(row.learn(witnessed(), within)).toBe('OUT_OF_TIME');
  });
});

describe('which attempt answered', () => {
  it('is what the gateway says', () => {
    const row = new Row();
    row.learn(witnessed({ attempt: 1, end: 'aborted', outputTokens: 3n }));
    row.learn(witnessed({ attempt: 2, outputTokens: 40n }));
    row.learn(recorded({ answeredBy: { attempt: 2, hasAgent: true } }));
    expect(row.charged).toMatchObject({ outputTokens: 40n });
  });

  it('is the last whole one when the gateway is lost', () => {
    const row = new Row();
    row.isSpoolReplayed = true;
    row.learn(witnessed({ attempt: 2, outputTokens: 40n }));
    row.learn(witnessed({ attempt: 3, end: 'aborted', outputTokens: 4n }));
    expect(row.charged).toMatchObject({ outputTokens: 40n });
  });
});

describe('waiting', () => {
  it('for a witness is looked at after 10 minutes, then the gateway counts', () => {
    const row = new Row();
    row.learn(recorded());
    expect(row.settle(START)).toEqual({ type: 'wait', for: 'witness', lookAt: minutesLater(10) });
    row.settle(minutesLater(10));
    expect(row.charged).toMatchObject({ outputTokens: 50n });
  });

  it('for a gateway is looked at after 10 minutes and after 48 h, then a whole answer counts', () => {
    const row = new Row();
    row.learn(witnessed());
    expect(row.settle(minutesLater(10))).toMatchObject({ for: 'gateway', lookAt: minutesLater(48 * 60) });
    row.settle(minutesLater(48 * 60));
    expect(row.charged).toMatchObject({ outputTokens: 50n });
  });
});

describe('any interleaving of the same facts', () => {
  const count = fc.bigInt({ min: 0n, max: 100n });
  const gatewayFact = fc.record({
    outcome: fc.constantFrom<GatewayFact['outcome'][]>('completed', 'client_cancelled', 'failed_ours', 'refused'),
    forwardedBytes: fc.bigInt({ min: 0n, max: 6_000n }),
    answeredBy: fc.record({ attempt: fc.constantFrom(1, 2), hasAgent: fc.constant(true) }),
    tokens: fc.record({ inputTokens: count, cachedInputTokens: count, outputTokens: count }),
  });
  const witnessFact = fc.record({
    end: fc.constantFrom<WitnessFact['end'][]>('complete', 'aborted'),
    inputTokens: count,
    cachedInputTokens: count,
    outputTokens: count,
  });
  const facts = fc
    .record({
      end: fc.option(gatewayFact.map(recorded), { nil: undefined }),
      lost: fc.option(fc.constant(recorded({ outcome: 'gateway_lost' })), { nil: undefined }),
      first: fc.option(
        witnessFact.map((fact) => witnessed({ ...fact, attempt: 1 })),
        { nil: undefined },
      ),
      second: fc.option(
        witnessFact.map((fact) => witnessed({ ...fact, attempt: 2 })),
        { nil: undefined },
      ),
    })
    .map((parts) => Object.values(parts).filter((one): one is Arrival => one !== undefined));

  /** Each fact up to three times, in any order, with any pauses in between; then everything is overdue. */
  const history = facts.chain((all) =>
    fc.record({
      all: fc.constant(all),
      steps: fc
        .shuffledSubarray([...all, ...all, ...all], { minLength: all.length * 3 })
        .chain((order) =>
          fc.tuple(...order.map((one) => fc.record({ one: fc.constant(one), pauseMinutes: fc.nat({ max: 100 }) }))),
        ),
      replayedAfter: fc.nat({ max: 12 }),
    }),
  );

  it('ends in the same charge', () => {
    fc.assert(
      fc.property(history, ({ all, steps, replayedAfter }) => {
        const row = new Row();
        let minutes = 0;
        for (const [index, { one, pauseMinutes }] of steps.entries()) {
          row.isSpoolReplayed ||= index >= replayedAfter;
          minutes += pauseMinutes;
          row.settle(minutesLater(minutes));
          row.learn(one, minutesLater(minutes));
        }
        row.settle(minutesLater(48 * 60));

        const inOrder = new Row();
        inOrder.isSpoolReplayed = true;
        for (const one of all) inOrder.learn(one, START);
        inOrder.settle(minutesLater(48 * 60));
        expect(row.charged).toEqual(inOrder.charged);
      }),
      { numRuns: 2_000 },
    );
  });
});
