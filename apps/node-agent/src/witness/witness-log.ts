import { usageV1 } from '@ostro/contracts';
import type { Clock, DomainError } from '@ostro/kernel';
import { Spool, type SpoolPosition } from '@ostro/spool';
import { RecentRecords } from './recent-records.ts';

const FORMAT = 1;
const BEGUN = 1;
const ENDED = 2;
const MIB = 1024 * 1024;
const MAX_BYTES = 1024 * MIB;
/** Small, so that reading what was just written reads little else. */
const SEGMENT_BYTES = MIB;
const KEEP_MS = 7 * 24 * 3_600_000;
/** Above this part of the bound, records that are published make way before their time. */
const CROWDED = 0.75;

/** What is known of an attempt before the engine is asked. */
export type AttemptFacts = Pick<
  usageV1.AttemptWitnessed,
  | 'requestId'
  | 'attempt'
  | 'organizationId'
  | 'replicaId'
  | 'modelDigest'
  | 'traceparent'
  | 'gatewayIncarnation'
  | 'begun'
>;

/** What is known when it is over. */
export type AttemptResult = Pick<
  usageV1.AttemptWitnessed,
  'end' | 'bodyBytes' | 'tokens' | 'hasRunningUsage' | 'checkpoints'
>;

export interface WitnessLogOptions {
  readonly dir: string;
  readonly incarnation: string;
  readonly cellId: string;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly onError: (error: DomainError) => void;
}

/** A witness with the place to continue at once it is published. */
export interface LoggedWitness {
  readonly witness: usageV1.AttemptWitnessed;
  readonly next: SpoolPosition;
}

/**
 * One record for each attempt whatever happens. It is begun before the engine is asked and ended when the answer is
 * over; an attempt that an agent was killed in is ended, as aborted, by the agent that starts next.
 */
export class WitnessLog {
  readonly #spool: Spool;
  readonly #options: WitnessLogOptions;
  readonly #recent: RecentRecords;
  #sequence = 0n;
  #onEnded: () => void = () => undefined;

  private constructor(spool: Spool, options: WitnessLogOptions) {
    this.#spool = spool;
    this.#options = options;
    this.#recent = new RecentRecords(options.incarnation);
  }

  static async open(options: WitnessLogOptions): Promise<WitnessLog> {
    const { dir, incarnation, clock, onError } = options;
    const spool = await Spool.open({
      dir,
      incarnation,
      clock,
      onError,
      formatNumber: FORMAT,
      maxBytes: MAX_BYTES,
      segmentBytes: SEGMENT_BYTES,
    });
    const log = new WitnessLog(spool, options);
    await log.#endOrphans();
    return log;
  }

  /** Whether an attempt may be begun: without room for its record it may not. */
  healthy(): boolean {
    return this.#spool.healthy();
  }

  /** Called after each record; the publisher wakes up by it. */
  onEnded(listener: () => void): void {
    this.#onEnded = listener;
  }

  /**
   * Notes that an attempt begins; the answer is called once, with how it ended.
   * @throws DomainError RESOURCE_EXHAUSTED (SPOOL_FULL)
   */
  begin(facts: AttemptFacts): (result: AttemptResult) => void {
    const { incarnation, cellId, nodeId, clock } = this.#options;
    const begun = usageV1.AttemptWitnessed.fromPartial({
      ...facts,
      cellId,
      nodeId,
      beginTime: clock.now(),
      agentIncarnation: incarnation,
    });
    this.#spool.append(BEGUN, usageV1.AttemptWitnessed.encode(begun).finish());
    return (result) => {
      this.#sequence += 1n;
      this.#append({ ...begun, ...result, endTime: clock.now(), sequence: this.#sequence });
      this.#onEnded();
    };
  }

  /** Ended attempts from a place on, oldest first. Without a place, or with one that is trimmed: all there are. */
  async *read(from: SpoolPosition | undefined): AsyncGenerator<LoggedWitness> {
    const { incarnation: own } = this.#options;
    const recent = this.#recent.since(from);
    for (const { payload, sequence } of recent ?? []) {
      yield { witness: usageV1.AttemptWitnessed.decode(payload), next: { incarnation: own, sequence: sequence + 1n } };
    }
    if (recent) return;
    for await (const { kind, payload, incarnation, sequence } of this.#spool.read(from)) {
      if (kind !== ENDED) continue;
      const witness = usageV1.AttemptWitnessed.decode(payload);
      yield { witness, next: { incarnation, sequence: sequence + 1n } };
    }
  }

  /** Lets go of what is published and seven days old, or older than its room allows. */
  async trim(published: SpoolPosition | undefined): Promise<void> {
    if (!published) return;
    const before = this.#options.clock.now().getTime() - KEEP_MS;
    const isCrowded = this.#spool.stats().bytes > CROWDED * MAX_BYTES;
    for await (const { kind, payload, incarnation, sequence } of this.#spool.read()) {
      if (incarnation === published.incarnation && sequence >= published.sequence) return;
      if (kind !== ENDED) continue;
      const { endTime } = usageV1.AttemptWitnessed.decode(payload);
      if (!isCrowded && (endTime?.getTime() ?? 0) >= before) return;
      await this.#spool.trim(incarnation, sequence);
    }
  }

  close(): Promise<void> {
    return this.#spool.close();
  }

  #append(witness: usageV1.AttemptWitnessed): void {
    const payload = usageV1.AttemptWitnessed.encode(witness).finish();
    this.#recent.add({ payload, sequence: this.#spool.append(ENDED, payload) });
  }

  /** Attempts of killed agents. Their sequences go on where each agent stopped, so that none is missing. */
  async #endOrphans(): Promise<void> {
    const open = new Map<string, usageV1.AttemptWitnessed>();
    const last = new Map<string, bigint>();
    for await (const { kind, payload } of this.#spool.read()) {
      const witness = usageV1.AttemptWitnessed.decode(payload);
      const { requestId, attempt, agentIncarnation, sequence } = witness;
      const key = `${agentIncarnation} ${requestId}/${attempt}`;
      if (kind === BEGUN) open.set(key, witness);
      else open.delete(key);
      if (kind === ENDED && sequence > (last.get(agentIncarnation) ?? 0n)) last.set(agentIncarnation, sequence);
    }
    for (const orphan of open.values()) {
      const sequence = (last.get(orphan.agentIncarnation) ?? 0n) + 1n;
      last.set(orphan.agentIncarnation, sequence);
      const end = usageV1.AttemptEnd.ATTEMPT_END_ABORTED;
      this.#append({ ...orphan, end, sequence, endTime: this.#options.clock.now() });
    }
  }
}
