import { schedulingV1, TOPICS } from '@ostro/contracts';
import type { EventRecord, Outbox } from '@ostro/messaging';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Replica, ReplicaPhase } from '../domain/replica.ts';
import { phaseToProto, replicaToProto } from '../replicas/replica-proto.ts';

const { name: topic, types } = TOPICS.replica;
const [type] = types;

export interface PhaseChange {
  /** Absent: it was just created. */
  readonly from: ReplicaPhase | undefined;
  readonly replica: Replica;
}

/** Tells each change of a replica's phase, in the transaction of the change. */
export class ReplicaEvents {
  constructor(
    private readonly outbox: Outbox,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async append(tx: EntityManager, changes: readonly PhaseChange[]): Promise<void> {
    await this.outbox.append(
      tx,
      changes.map((change) => this.#record(change)),
    );
  }

  #record({ from, replica }: PhaseChange): EventRecord {
    const { organizationId } = replica;
    const event = schedulingV1.ReplicaPhaseChanged.fromPartial({
      replica: replicaToProto(replica),
      fromPhase: from === undefined ? undefined : phaseToProto(from),
      organizationId,
      cellId: this.cellId,
    });
    return {
      topic,
      key: replica.id,
      type,
      id: this.context.ids('evt'),
      source: `${this.cellId}/scheduler`,
      subject: replica.id,
      time: this.context.clock.now(),
      organizationId,
      value: schedulingV1.ReplicaPhaseChanged.encode(event).finish(),
    };
  }
}
