import type { usageV1 } from '@ostro/contracts';
import type { Clock } from '@ostro/kernel';
import { Spool } from '@ostro/spool';
import { replayEarlier } from './replay.ts';
import { UsageBacklog } from './usage-backlog.ts';
import { SPOOL_FORMAT } from './usage-payload.ts';
import { UsageSpool } from './usage-spool.ts';

export interface UsageOptions {
  readonly dir: string;
  readonly incarnation: string;
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Last settled sequence of an incarnation, as far as this gateway has heard. */
  readonly settledOf: (incarnation: string) => bigint;
  readonly onError: (error: unknown) => void;
}

/** Everything about usage that this gateway owes: what it writes, what waits to be published, what may go. */
export interface Usage {
  readonly spool: UsageSpool;
  readonly backlog: UsageBacklog;
  /** Billing has settled an incarnation up to here: its records are not needed any more. */
  settle(incarnation: string, upTo: bigint): Promise<void>;
  close(): Promise<void>;
}

/** Room for the Ends of some 15,000 requests that run when the disk turns out to be full. */
const HEADROOM_BYTES = 8 * 1_024 * 1_024;
/** More than any sequence: all records of an incarnation that has ended. */
const ALL = 2n ** 62n;

/** @throws DomainError FAILED_PRECONDITION when the spool is in use or of an unknown format. */
export async function openUsage({ settledOf, ...options }: UsageOptions): Promise<Usage> {
  const { incarnation, onError } = options;
  const log = await Spool.open({ ...options, formatNumber: SPOOL_FORMAT, headroomBytes: HEADROOM_BYTES });
  const replayed = new Map<string, bigint>();
  const settle = async (of: string, upTo: bigint) => {
    if (of === incarnation) await spool.settle(upTo);
    else if (upTo >= (replayed.get(of) ?? ALL)) await log.trim(of, ALL);
  };
  const onReplayed = (of: string, lastSequence: bigint) => {
    replayed.set(of, lastSequence);
    // It may have been settled before this start; what cannot be removed now is removed after the next one.
    settle(of, settledOf(of)).catch(onError);
  };
  const earlier: AsyncIterable<usageV1.UsageEntry> = replayEarlier({ spool: log, incarnation, settledOf, onReplayed });
  const backlog = new UsageBacklog(log, incarnation, earlier);
  const spool = new UsageSpool(log, backlog, incarnation);
  return { spool, backlog, settle, close: () => log.close() };
}
