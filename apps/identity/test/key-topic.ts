import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityV1, TOPICS } from '@ostro/contracts';
import { KafkaEventBus, TopicView } from '@ostro/messaging';
import { RecordVerifier } from '@ostro/pki';

type ApiKeyRecord = identityV1.ApiKeyRecord;

export interface KeyView {
  readonly view: TopicView<ApiKeyRecord>;
  /** Every version of a key that was taken, oldest first. */
  versionsOf(keyId: string): ApiKeyRecord[];
  close(): Promise<void>;
}

/** The topic of keys as a gateway reads it: signed by identity of this cell, or dropped. */
export async function openKeyView(brokers: readonly string[], caPem: string): Promise<KeyView> {
  const directory = await mkdtemp(join(tmpdir(), 'ostro-keys-'));
  const bus = new KafkaEventBus({ brokers, clientId: 'test-gateway' });
  const verifier = new RecordVerifier(caPem);
  const versions: ApiKeyRecord[] = [];
  const view = new TopicView<ApiKeyRecord>({
    bus,
    topic: TOPICS.apiKey.name,
    directory,
    verify: ({ topic, key, value, headers = {}, tombstone }) => {
      verifier.verify({ topic, key, value: tombstone ? null : value, headers }, TOPICS.apiKey.owner);
      return true;
    },
    codec: ({ value }) => {
      const record = identityV1.ApiKeyRecord.decode(value);
      const { epoch, generation } = record;
      return { key: record.keyId, generation: { epoch, generation }, value: record };
    },
  });
  view.onChange(({ value }) => void (value && versions.push(value)));
  await view.start();
  await view.ready();
  return {
    view,
    versionsOf: (keyId) => versions.filter((version) => version.keyId === keyId),
    close: async () => {
      await view.stop();
      await bus.close();
      await rm(directory, { recursive: true });
    },
  };
}
