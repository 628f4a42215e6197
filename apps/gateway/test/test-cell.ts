import { createHash, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { billingV1, identityV1, schedulingV1, type Topic, TOPICS, usageV1 } from '@ostro/contracts';
import { randomIds, systemClock } from '@ostro/kernel';
import { beatKey, createTopics, type EventRecord, KafkaEventBus } from '@ostro/messaging';
import { createCsr, loadAuthority, loadIdentity, mintServiceIdentities, RecordSigner, tlsIdentity } from '@ostro/pki';
import { testKafka } from '@ostro/testing';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const DAY_MS = 24 * 3_600_000;

export interface TestKey {
  readonly secret: string;
  readonly record: identityV1.ApiKeyRecord;
}

/** The cell around a gateway: its authority, and owners who publish signed records on real Kafka. */
export class TestCell {
  readonly dir: string;
  readonly bus: KafkaEventBus;
  readonly brokers: readonly string[];
  readonly organizationId = randomIds('org');
  readonly projectId = randomIds('prj');
  readonly #signers: Readonly<Record<string, RecordSigner>>;
  #generation = 0n;

  private constructor(dir: string, brokers: readonly string[], signers: Readonly<Record<string, RecordSigner>>) {
    this.dir = dir;
    this.brokers = brokers;
    this.bus = new KafkaEventBus({ brokers, clientId: 'test-owners' });
    this.#signers = signers;
  }

  static async open(): Promise<TestCell> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-gateway-'));
    const owners = ['identity', 'scheduler', 'billing'];
    await mintServiceIdentities(dir, [...owners, 'gateway'], { ...CELL, clock: systemClock });
    const signers = await Promise.all(
      owners.map(async (owner) => [owner, new RecordSigner((await loadIdentity(join(dir, owner))).signer)] as const),
    );
    const { brokers } = testKafka();
    await createTopics(
      { brokers, clientId: 'test' },
      [TOPICS.apiKey, TOPICS.route, TOPICS.priceBook, TOPICS.usageSettled, TOPICS.usageRequest].map(toSpec),
    );
    return new TestCell(dir, brokers, Object.fromEntries(signers));
  }

  async close(): Promise<void> {
    await this.bus.close();
    await rm(this.dir, { recursive: true });
  }

  env(): Record<string, string> {
    return {
      OSTRO_TLS_DIR: join(this.dir, 'gateway'),
      OSTRO_DATA_DIR: join(this.dir, 'data'),
      OSTRO_KAFKA_BROKERS: this.brokers.join(','),
      OSTRO_IDENTITY_ADDRESS: '127.0.0.1:1',
      OSTRO_SCHEDULER_ADDRESS: '127.0.0.1:1',
      OSTRO_HTTP_BIND: '127.0.0.1:0',
      OSTRO_LOG_LEVEL: 'error',
      OSTRO_TRUST_DOMAIN: CELL.trustDomain,
      OSTRO_CELL_ID: CELL.cellId,
    };
  }

  async nodeIdentity(nodeId: string) {
    const authority = await loadAuthority(join(this.dir, 'identity'), systemClock);
    const { csrPem, keyPem } = await createCsr(nodeId);
    const certPem = await authority.issueNode({
      nodeId,
      siteId: 'lab',
      csrPem,
      ttlMs: DAY_MS,
      ipAddresses: ['127.0.0.1'],
    });
    return tlsIdentity({ caPem: authority.certPem, certPem, keyPem });
  }

  aKey(overrides: Partial<identityV1.ApiKeyRecord> = {}): TestKey {
    const secret = aSecret();
    const record: identityV1.ApiKeyRecord = {
      keyId: randomIds('key'),
      keySha256: createHash('sha256').update(secret).digest(),
      organizationId: this.organizationId,
      projectId: this.projectId,
      principalId: randomIds('prn'),
      scopes: ['inference'],
      allowedModels: ['*'],
      state: identityV1.ApiKeyState.API_KEY_STATE_ACTIVE,
      revocationReason: identityV1.RevocationReason.REVOCATION_REASON_UNSPECIFIED,
      expireTime: new Date(Date.now() + DAY_MS),
      minPolicyVersion: 0n,
      cellId: CELL.cellId,
      epoch: 1n,
      generation: this.nextGeneration(),
      ...overrides,
    };
    return { secret, record };
  }

  revoked({ record }: TestKey, revocationReason = identityV1.RevocationReason.REVOCATION_REASON_REQUESTED) {
    const state = identityV1.ApiKeyState.API_KEY_STATE_REVOKED;
    return { ...record, state, revocationReason, generation: this.nextGeneration() };
  }

  nextGeneration(): bigint {
    return (this.#generation += 1n);
  }

  async publishKeys(...records: identityV1.ApiKeyRecord[]): Promise<void> {
    await this.bus.publish(
      records.map((record) =>
        this.#signed(TOPICS.apiKey, record.keyId, identityV1.ApiKeyRecord.encode(record).finish()),
      ),
    );
  }

  /** A record of a key by somebody who may not write it. */
  async publishForged(record: identityV1.ApiKeyRecord): Promise<void> {
    const value = identityV1.ApiKeyRecord.encode(record).finish();
    const headers = { ...this.#signers['scheduler']!.sign(TOPICS.apiKey.name, record.keyId, value) };
    await this.bus.publish([{ ...this.#record(TOPICS.apiKey, record.keyId, value), headers }]);
  }

  async publishRoutes(...records: schedulingV1.RouteRecord[]): Promise<void> {
    await this.bus.publish(
      records.map((record) =>
        this.#signed(TOPICS.route, record.endpoint!.endpointId, schedulingV1.RouteRecord.encode(record).finish()),
      ),
    );
  }

  async publishPrices(): Promise<void> {
    const price = (meter: billingV1.Meter, unitPrice: string) => ({
      sku: '*/realtime',
      meter,
      unitPrice,
      pricingUnitExponent: 6,
    });
    const { METER_INPUT_TOKENS, METER_CACHED_INPUT_TOKENS, METER_OUTPUT_TOKENS } = billingV1.Meter;
    const record = billingV1.PriceBookRecord.fromPartial({
      priceBookId: 'pbk_default',
      currency: 'EUR',
      versions: [
        {
          version: 3,
          effectiveFrom: new Date('2026-01-01T00:00:00Z'),
          prices: [
            price(METER_INPUT_TOKENS, '0.10'),
            price(METER_CACHED_INPUT_TOKENS, '0.01'),
            price(METER_OUTPUT_TOKENS, '0.30'),
          ],
        },
      ],
      cellId: CELL.cellId,
      epoch: 1n,
      generation: this.nextGeneration(),
    });
    await this.bus.publish([
      this.#signed(TOPICS.priceBook, record.priceBookId, billingV1.PriceBookRecord.encode(record).finish()),
    ]);
  }

  /** Tells the views of keys, routes and prices that nothing is missing. */
  async publishBeats(): Promise<void> {
    const topics = [TOPICS.apiKey, TOPICS.route, TOPICS.priceBook];
    await this.bus.publish(
      topics.flatMap((topic) =>
        Array.from({ length: topic.partitions }, (_, partition) => ({
          ...this.#signed(topic, beatKey(partition), new Uint8Array()),
          partition,
        })),
      ),
    );
  }

  async publishSettled(incarnation: string, upToSequence: bigint): Promise<void> {
    const value = billingV1.UsageSettled.encode({ incarnation, upToSequence, cellId: CELL.cellId }).finish();
    await this.bus.publish([this.#record(TOPICS.usageSettled, incarnation, value)]);
  }

  /** Usage of this cell's organization as it arrives on the topic, and the incarnations that were replayed. */
  collectUsage(): { recorded: usageV1.UsageRecorded[]; replayed: usageV1.SpoolReplayed[]; stop(): Promise<void> } {
    const recorded: usageV1.UsageRecorded[] = [];
    const replayed: usageV1.SpoolReplayed[] = [];
    const subscription = this.bus.subscribe({
      group: `test.${randomIds('inc')}`,
      topics: [TOPICS.usageRequest.name],
      onCrash: (error) => {
        throw error;
      },
      handler: ({ records }) => {
        for (const { value } of records) {
          for (const { entry } of entriesOf(value)) {
            if (entry?.$case === 'replayed') replayed.push(entry.replayed);
            else if (entry?.recorded.begun?.organizationId === this.organizationId) recorded.push(entry.recorded);
          }
        }
        return Promise.resolve();
      },
    });
    return { recorded, replayed, stop: () => subscription.stop() };
  }

  #signed(topic: Topic, key: string, value: Uint8Array): EventRecord {
    return {
      ...this.#record(topic, key, value),
      headers: { ...this.#signers[topic.owner]!.sign(topic.name, key, value) },
    };
  }

  #record(topic: Topic, key: string, value: Uint8Array): EventRecord {
    return {
      topic: topic.name,
      key,
      type: topic.types[0]!,
      id: randomIds('evt'),
      source: `${CELL.cellId}/${topic.owner}`,
      subject: key,
      time: new Date(),
      value,
    };
  }
}

function toSpec({ name, partitions, cleanup }: Topic) {
  return { name, partitions, cleanupPolicy: cleanup, deadLetters: true };
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A key of the right form, with zlib's checksum. */
export function aSecret(): string {
  const body = `ostro_${Array.from({ length: 30 }, () => BASE62[randomInt(62)]).join('')}`;
  let rest = crc32(body);
  let checksum = '';
  for (let digit = 0; digit < 6; digit++) {
    checksum = BASE62[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return `${body}_${checksum}`;
}

/** Suites share the topics, and billing's leave records on purpose that are no batch. */
function entriesOf(value: Uint8Array): usageV1.UsageEntry[] {
  try {
    return usageV1.UsageBatch.decode(value).entries;
  } catch {
    return [];
  }
}
