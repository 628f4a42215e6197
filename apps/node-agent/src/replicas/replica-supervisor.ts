import { mkdir } from 'node:fs/promises';
import { nodeV1 } from '@ostro/contracts';
import { isAlive } from '../runtimes/process-identity.ts';
import { loadRecords, type ProcessRecord, removeRecord } from '../runtimes/process-record.ts';
import type { Wish } from './domain/replica-decision.ts';
import { Replica, type ReplicaTools } from './replica.ts';

/** Looked at without being told, for pauses and deadlines that pass. */
const LOOK_EVERY_MS = 250;
/** Requests of a replica that is wanted no more may end within this. */
const RELEASE_PATIENCE_MS = 10 * 60_000;
const ADOPTION_TRIES = 5;

/**
 * Brings the replicas of this node to the desired state and keeps them there. It compares the whole of what is wanted
 * with the whole of what is, after every change and four times a second, so a lost signal costs time only.
 */
export class ReplicaSupervisor {
  readonly #tools: ReplicaTools;
  readonly #replicas = new Map<string, Replica>();
  readonly #onChange: () => void;
  #desired: nodeV1.DesiredState | undefined;
  #isLookingSoon = false;
  #isStopped = false;

  constructor(tools: Omit<ReplicaTools, 'onChange'>, onChange: () => void) {
    this.#onChange = onChange;
    this.#tools = { ...tools, onChange: () => this.#changed() };
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()];
  }

  get(id: string): Replica | undefined {
    return this.#replicas.get(id);
  }

  /** Digests that replicas need or use; the cache keeps them. */
  isPinned(digest: string): boolean {
    return this.replicas.some(({ desired }) => desired?.modelDigest === digest);
  }

  /** Takes over model servers of an earlier agent of this node. Records of processes that are gone are removed. */
  async adoptAll(): Promise<void> {
    const { paths, logger } = this.#tools;
    await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
    for (const record of await loadRecords(paths.sockets)) {
      const process = await this.#adopt(record);
      if (process) {
        this.#replicaOf(record.replicaId).adopt(process);
        logger.info({ replica: record.replicaId, pid: record.pid }, 'took over a running model server');
      } else if (await isAlive(record)) {
        logger.error({ replica: record.replicaId, pid: record.pid }, 'a model server does not answer: left alone');
      } else {
        await removeRecord(paths.sockets, record.replicaId);
      }
    }
  }

  /** The whole desired state. Until the first one nothing is stopped: an empty memory is no wish. */
  obey(desired: nodeV1.DesiredState): void {
    this.#desired = desired;
    this.#changed();
  }

  async superviseUntil(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      this.reconcile();
      await this.#tools.timer.sleep(LOOK_EVERY_MS, stopped).catch(() => undefined);
    }
    this.#isStopped = true;
    await Promise.all(this.replicas.map((replica) => replica.settled()));
  }

  /** Ends every model server, for an agent that is to leave nothing behind. */
  async stopAll(): Promise<void> {
    await Promise.all(this.replicas.map(({ process }) => process?.stop({ drainDeadlineMs: 0 })));
  }

  reconcile(): void {
    if (!this.#desired || this.#isStopped) return;
    const wanted = new Set<string>();
    for (const desired of this.#desired.replicas) {
      wanted.add(desired.replicaId);
      this.#tell(desired);
    }
    for (const replica of this.#replicas.values()) {
      if (!wanted.has(replica.id)) this.#release(replica);
      replica.reconcile();
    }
  }

  /** A placement older than the one held is a late message. */
  #tell(desired: nodeV1.DesiredReplica): void {
    const replica = this.#replicaOf(desired.replicaId);
    if (replica.desired && desired.fencingToken < replica.desired.fencingToken) return;
    const wish = wishOf(desired, this.#tools.timer.now());
    if (wish) replica.want(desired, wish);
  }

  #release(replica: Replica): void {
    replica.release(this.#tools.timer.now().getTime() + RELEASE_PATIENCE_MS);
    if (replica.phase === 'stopped') this.#replicas.delete(replica.id);
  }

  #replicaOf(id: string): Replica {
    const known = this.#replicas.get(id) ?? new Replica(id, this.#tools);
    this.#replicas.set(id, known);
    return known;
  }

  /** A busy process that is ours may answer late; one that is another's never will. */
  async #adopt(record: ProcessRecord) {
    const { runtimes } = this.#tools;
    for (let tries = 1; tries <= ADOPTION_TRIES; tries++) {
      const adopted = (await runtimes.llamaCpp.adopt(record)) ?? (await runtimes.simulated.adopt(record));
      if (adopted || !(await isAlive(record))) return adopted;
    }
    return undefined;
  }

  #changed(): void {
    this.#onChange();
    if (this.#isLookingSoon) return;
    this.#isLookingSoon = true;
    setImmediate(() => {
      this.#isLookingSoon = false;
      this.reconcile();
    });
  }
}

/** Undefined: nothing is said about it, so nothing changes. */
function wishOf({ goal, drainDeadline }: nodeV1.DesiredReplica, now: Date): Wish | undefined {
  if (goal === nodeV1.ReplicaGoal.REPLICA_GOAL_RUN) return { goal: 'run' };
  if (goal !== nodeV1.ReplicaGoal.REPLICA_GOAL_DRAIN) return undefined;
  return { goal: 'drain', deadlineMs: (drainDeadline ?? now).getTime() };
}
