import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schedulingV1, TOPICS } from '@ostro/contracts';
import { KafkaEventBus, TopicView } from '@ostro/messaging';
import { RecordVerifier } from '@ostro/pki';

type RouteRecord = schedulingV1.RouteRecord;

export interface RouteView {
  readonly view: TopicView<RouteRecord>;
  /** Every version of a route that was taken, oldest first. */
  versionsOf(endpointId: string): RouteRecord[];
  close(): Promise<void>;
}

/** The topic of routes as a gateway reads it: signed by the scheduler of this cell, or dropped. */
export async function openRouteView(brokers: readonly string[], caPem: string): Promise<RouteView> {
  const directory = await mkdtemp(join(tmpdir(), 'ostro-routes-'));
  const bus = new KafkaEventBus({ brokers, clientId: 'test-gateway' });
  const verifier = new RecordVerifier(caPem);
  const versions: RouteRecord[] = [];
  const view = new TopicView<RouteRecord>({
    bus,
    topic: TOPICS.route.name,
    directory,
    verify: ({ topic, key, value, headers = {}, tombstone }) => {
      verifier.verify({ topic, key, value: tombstone ? null : value, headers }, TOPICS.route.owner);
      return true;
    },
    codec: ({ value }) => {
      const record = schedulingV1.RouteRecord.decode(value);
      const { epoch, generation } = record;
      return { key: record.endpoint!.endpointId, generation: { epoch, generation }, value: record };
    },
  });
  view.onChange(({ value }) => void (value && versions.push(value)));
  await view.start();
  await view.ready();
  return {
    view,
    versionsOf: (endpointId) => versions.filter(({ endpoint }) => endpoint!.endpointId === endpointId),
    close: async () => {
      await view.stop();
      await bus.close();
      await rm(directory, { recursive: true });
    },
  };
}
