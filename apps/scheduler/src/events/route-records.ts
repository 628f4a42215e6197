import { schedulingV1, TOPICS } from '@ostro/contracts';
import type { Generation } from '@ostro/kernel';
import { beatKey, type EventRecord, type Outbox } from '@ostro/messaging';
import type { RecordSigner } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Route, RouteCause } from '../domain/route.ts';
import type { Endpoint } from '../endpoints/endpoints.repository.ts';
import { routeToProto } from '../routes/route-proto.ts';

const { name: topic, partitions, types } = TOPICS.route;
const [type] = types;

type RouteChange = Generation & { readonly cause: RouteCause };

/** Writes signed records for the topic of routes into the outbox, in the transaction of what they tell. */
export class RouteRecords {
  constructor(
    private readonly outbox: Outbox,
    private readonly signer: RecordSigner,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async append(tx: EntityManager, endpoint: Endpoint, route: Route, version: RouteChange): Promise<void> {
    const value = schedulingV1.RouteRecord.encode(this.record(endpoint, route, version)).finish();
    await this.outbox.append(tx, [{ ...this.#signed(endpoint.id, value), organizationId: endpoint.organizationId }]);
  }

  record(endpoint: Endpoint, route: Route, { epoch, generation, cause }: RouteChange): schedulingV1.RouteRecord {
    return routeToProto(endpoint, route, { epoch, generation, cause, cellId: this.cellId });
  }

  /**
   * Tells each partition that nothing older is missing. Beats go through the outbox, behind the changes before them;
   * while beats of before still wait no new ones are added, so an absent broker meets no pile of them.
   */
  async appendBeats(tx: EntityManager): Promise<void> {
    const waiting: unknown[] = await tx.query(
      'SELECT 1 FROM outbox WHERE topic = $1 AND partition IS NOT NULL LIMIT 1',
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
      source: `${this.cellId}/scheduler`,
      subject: key,
      time: this.context.clock.now(),
      value,
      headers: { ...this.signer.sign(topic, key, value) },
    };
  }
}
