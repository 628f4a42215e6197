import { usageV1 } from '@ostro/contracts';
import type { Spool } from '@ostro/spool';
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
  for await (const { incarnation, kind, payload } of options.spool.read()) {
    if (current !== undefined && current.id !== incarnation) yield* close(current, options);
    if (incarnation === options.incarnation) return;
    if (current?.id !== incarnation) current = new EarlierIncarnation(incarnation);
    if (kind !== BEGIN && kind !== END) continue;
    const recorded = usageV1.UsageRecorded.decode(payload);
    if (kind === BEGIN) current.begin(recorded);
    else if (current.end(recorded) > options.settledOf(incarnation)) yield recordedEntry(recorded);
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

  begin({ begun, sequence }: usageV1.UsageRecorded): void {
    if (begun !== undefined) this.#open.set(begun.requestId, begun);
    if (sequence > this.lastSequence) this.lastSequence = sequence;
  }

  end({ begun, sequence }: usageV1.UsageRecorded): bigint {
    this.#open.delete(begun?.requestId ?? '');
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    return sequence;
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
