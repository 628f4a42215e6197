import { identityV1, TOPICS } from '@ostro/contracts';
import { beatKey, type EventRecord, type Outbox } from '@ostro/messaging';
import { currentEpoch } from '@ostro/persistence';
import type { RecordSigner } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { ApiKey } from '../domain/api-key.ts';
import { toRecord } from './api-key-record.ts';

const { name: topic, partitions, types } = TOPICS.apiKey;
const [type] = types;

/** Writes signed records for the topic of keys into the outbox, in the transaction of what they tell. */
export class ApiKeyRecords {
  constructor(
    private readonly outbox: Outbox,
    private readonly signer: RecordSigner,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** The whole present state of each key, as gateways hold it. */
  async append(tx: EntityManager, keys: readonly ApiKey[]): Promise<void> {
    const owner = { cellId: this.cellId, epoch: await currentEpoch(tx) };
    const records = keys.map((key) => {
      const value = identityV1.ApiKeyRecord.encode(toRecord(key, owner)).finish();
      return { ...this.#signed(key.id, value), organizationId: key.organizationId };
    });
    await this.outbox.append(tx, records);
  }

  /**
   * Tells each partition that nothing older is missing. Beats go through the outbox, behind the changes before them:
   * one that overtook a waiting revocation would vouch for a view that lacks it. While beats of before still wait,
   * no new ones are added, so an absent broker meets no pile of them.
   */
  async appendBeats(tx: EntityManager): Promise<void> {
    const waiting: unknown[] = await tx.query(
      `SELECT 1 FROM outbox WHERE topic = $1 AND partition IS NOT NULL LIMIT 1`,
      [topic],
    );
    if (waiting.length > 0) return;
    const beats = Array.from({ length: partitions }, (_, partition) => ({
      ...this.#signed(beatKey(partition), new Uint8Array()),
      partition,
    }));
    await this.outbox.append(tx, beats);
  }

  #signed(key: string, value: Uint8Array): EventRecord {
    return {
      topic,
      key,
      type,
      id: this.context.ids('evt'),
      source: `${this.cellId}/identity`,
      subject: key,
      time: this.context.clock.now(),
      value,
      headers: { ...this.signer.sign(topic, key, value) },
    };
  }
}
