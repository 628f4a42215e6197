import { usageV1 } from '@ostro/contracts';
import { isDomainError } from '@ostro/kernel';
import type { Spool } from '@ostro/spool';
import type { UsageBacklog } from './usage-backlog.ts';
import { BEGIN, encodeBegin, END } from './usage-payload.ts';

/** A finished request before it has its place in the order of the incarnation. */
export type Finished = Omit<usageV1.UsageRecorded, 'sequence' | 'gatewayIncarnation'>;

/** What one incarnation of the gateway owes: a Begin for each dispatched request, an End when it is over. */
export class UsageSpool {
  readonly #spool: Spool;
  readonly #backlog: UsageBacklog;
  readonly #incarnation: string;
  /** Spool sequence of each Begin without an End, in order. */
  readonly #open = new Map<string, bigint>();
  /** Spool sequence of the Begin of each End that is not settled, by sequence from `#settled` + 1 on. */
  #unsettledBegins: bigint[] = [];
  #settled = 0n;
  #finished = 0n;
  /** Ends that the full disk did not take yet. */
  #unwritten: Finished[] = [];

  constructor(spool: Spool, backlog: UsageBacklog, incarnation: string) {
    this.#spool = spool;
    this.#backlog = backlog;
    this.#incarnation = incarnation;
  }

  /** False: no new request may be dispatched, for its usage might not be kept. */
  healthy(): boolean {
    this.#writeEnds();
    return this.#unwritten.length === 0 && this.#spool.healthy();
  }

  get bytes(): number {
    return this.#spool.stats().bytes;
  }

  get lastSequence(): bigint {
    return this.#finished;
  }

  /**
   * Safe from a killed process when this returns, and from lost power some milliseconds later.
   * @throws DomainError RESOURCE_EXHAUSTED (SPOOL_FULL): the request must not be dispatched.
   */
  begin(begun: usageV1.UsageBegun): void {
    const sequence = this.#spool.append(BEGIN, encodeBegin(begun, this.#finished, this.#incarnation));
    this.#open.set(begun.requestId, sequence);
  }

  /** Call before the last byte of the answer leaves. An End that finds the disk full is written when there is room. */
  end(finished: Finished): void {
    this.#unwritten.push(finished);
    this.#writeEnds();
  }

  /** Billing has settled all requests of this incarnation up to here. */
  async settle(upTo: bigint): Promise<void> {
    const last = upTo < this.#finished ? upTo : this.#finished;
    if (last <= this.#settled) return;
    this.#unsettledBegins = this.#unsettledBegins.slice(Number(last - this.#settled));
    this.#settled = last;
    await this.#spool.trim(this.#incarnation, this.#oldestNeeded() - 1n);
  }

  /** A record is needed while its request runs or waits for billing, and Begins come before their Ends. */
  #oldestNeeded(): bigint {
    const [firstOpen = this.#spool.stats().lastSequence + 1n] = this.#open.values();
    return this.#unsettledBegins.reduce((least, begin) => (begin < least ? begin : least), firstOpen);
  }

  #writeEnds(): void {
    while (this.#unwritten.length > 0) {
      const finished = this.#unwritten[0]!;
      const recorded = { ...finished, gatewayIncarnation: this.#incarnation, sequence: this.#finished + 1n };
      try {
        const spoolSequence = this.#spool.append(END, usageV1.UsageRecorded.encode(recorded).finish());
        this.#wrote(recorded, spoolSequence);
      } catch (error) {
        if (isDomainError(error) && error.reason === 'SPOOL_FULL') return;
        throw error;
      }
    }
  }

  #wrote(recorded: usageV1.UsageRecorded, spoolSequence: bigint): void {
    this.#unwritten.shift();
    this.#finished = recorded.sequence;
    const requestId = recorded.begun!.requestId;
    this.#unsettledBegins.push(this.#open.get(requestId)!);
    this.#open.delete(requestId);
    this.#backlog.add(recorded, spoolSequence);
  }
}
