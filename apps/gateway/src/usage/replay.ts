import { usageV1 } from '@ostro/contracts';
import type { Spool, SpoolRecord } from '@ostro/spool';
import { BEGIN, END, recordedEntry, replayedEntry } from './usage-payload.ts';

export interface ReplayOptions {
  readonly spool: Spool;
  /** The present incarnation: its records are not replayed. */
  readonly incarnation: string;
  /** Last settled sequence of an incarnation: billing needs nothing up to it. */
  readonly settledOf: (incarnation: string) => bigint;
  /** All records of an incarnation have been given out, up to this sequence. */
  readonly onReplayed: (incarnation: string, lastSequence: bigint) => void;
}

/**
 * What earlier incarnations left in the spool: their finished requests again, then each request that was begun and
 * never ended as GATEWAY_LOST, then the word that nothing of the incarnation is in doubt any more. A replay that is
 * itself cut short is repeated, with the same numbers, at the next start.
 */
export async function* replayEarlier(options: ReplayOptions): AsyncGenerator<usageV1.UsageEntry> {
  let current: EarlierIncarnation | undefined;
  for await (const record of options.spool.read()) {
    if (current !== undefined && current.id !== record.incarnation) yield* close(current, options);
    if (record.incarnation === options.incarnation) return;
    if (current?.id !== record.incarnation) current = new EarlierIncarnation(record.incarnation);
    const ended = current.take(record);
    if (ended !== undefined && ended.sequence > options.settledOf(current.id)) yield recordedEntry(ended);
  }
  if (current !== undefined) yield* close(current, options);
}

function* close(earlier: EarlierIncarnation, options: ReplayOptions): Generator<usageV1.UsageEntry> {
  for (const lost of earlier.lost()) {
    if (lost.sequence > options.settledOf(earlier.id)) yield recordedEntry(lost);
  }
  yield replayedEntry(earlier.id, earlier.lastSequence);
  options.onReplayed(earlier.id, earlier.lastSequence);
}

class EarlierIncarnation {
  readonly id: string;
  lastSequence = 0n;
  readonly #open = new Map<string, usageV1.UsageBegun>();

  constructor(id: string) {
    this.id = id;
  }

  /** @returns the finished request, if the record is an End. Kinds of later versions mean nothing here. */
  take({ kind, payload }: SpoolRecord): usageV1.UsageRecorded | undefined {
    if (kind !== BEGIN && kind !== END) return undefined;
    const recorded = usageV1.UsageRecorded.decode(payload);
    const { begun, sequence } = recorded;
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    if (begun !== undefined && kind === BEGIN) this.#open.set(begun.requestId, begun);
    if (begun !== undefined && kind === END) this.#open.delete(begun.requestId);
    return kind === END ? recorded : undefined;
  }

  /** Requests without an End. Nothing is known of their end, so it is given the time of their begin. */
  *lost(): Generator<usageV1.UsageRecorded> {
    for (const begun of this.#open.values()) {
      this.lastSequence += 1n;
      yield usageV1.UsageRecorded.fromPartial({
        begun,
        outcome: usageV1.RequestOutcome.REQUEST_OUTCOME_GATEWAY_LOST,
        endTime: begun.beginTime,
        gatewayIncarnation: this.id,
        sequence: this.lastSequence,
      });
    }
  }
}
