import { mkdirSync } from 'node:fs';
import { open, readFile, unlink } from 'node:fs/promises';
import { DomainError, type Clock } from '@ostro/kernel';
import { damaged, errnoOf, invalid, isFull, spoolFull, syncFailed, truncateFailed } from './failures.ts';
import { HEADER_BYTES, isIncarnation, parseHeader, RECORD_OVERHEAD_BYTES } from './format.ts';
import { GroupCommit } from './group-commit.ts';
import { Headroom } from './headroom.ts';
import { lockOwner } from './owner-lock.ts';
import { recover } from './recovery.ts';
import type { Recovered, RecoveryReport } from './recovery.ts';
import { scan } from './scan.ts';
import { SegmentWriter } from './segment.ts';
import type { Segment } from './segment.ts';

const MIB = 1_024 * 1_024;

export interface SpoolOptions {
  readonly dir: string;
  /** This run of the process; its sequences start at 1. A spool refuses one that it has seen. */
  readonly incarnation: string;
  /** The caller's format of payloads. This number and the one before it are read, others refuse to open. */
  readonly formatNumber: number;
  readonly clock: Clock;
  /** Bound on all segments together; beyond it records are refused, never dropped. */
  readonly maxBytes: number;
  readonly segmentBytes?: number;
  /** Kept free for the records of requests that already run when the disk or `maxBytes` is reached. */
  readonly headroomBytes?: number;
  /** A record is on disk this long after it was appended, plus the time of one sync. */
  readonly groupCommitMs?: number;
  /** Everything that is wrong and that no caller is told otherwise: damage, failed syncs. */
  readonly onError: (error: DomainError) => void;
}

export interface SpoolPosition {
  readonly incarnation: string;
  readonly sequence: bigint;
}

export interface SpoolRecord extends SpoolPosition {
  readonly format: number;
  readonly kind: number;
  readonly payload: Buffer;
}

export interface SpoolStats {
  readonly segments: number;
  readonly bytes: number;
  /** Not trimmed; trimming removes whole segments, so settled ones may be among them. */
  readonly records: number;
  /** Not yet named by `trim`; at zero there is nothing left to deliver. */
  readonly unsettledRecords: number;
  readonly lastSequence: bigint;
  readonly syncs: number;
  readonly slowestSyncMs: number;
}

/** Records in the order they were written, safe from a killed process at once and from lost power within a group commit. */
export class Spool {
  readonly recovery: RecoveryReport;
  readonly #options: Required<SpoolOptions>;
  readonly #segments: Segment[];
  readonly #settled = new Map<string, bigint>();
  readonly #commit: GroupCommit;
  readonly #headroom: Headroom;
  readonly #unlock: () => void;
  #nextNumber: number;
  #bytes: number;
  #active: SegmentWriter | undefined;
  /** Full, to be synced once more and closed. */
  #sealed: SegmentWriter[] = [];
  #hasNewFiles = false;
  #isClosed = false;
  #lastSequence = 0n;
  #syncs = 0;
  #slowestSyncMs = 0;

  private constructor(options: Required<SpoolOptions>, recovered: Recovered, unlock: () => void) {
    this.#options = options;
    this.#segments = recovered.segments;
    this.#nextNumber = recovered.nextNumber;
    this.#bytes = recovered.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#unlock = unlock;
    this.recovery = recovered.report;
    this.#commit = new GroupCommit(() => this.#sync(), options.groupCommitMs);
    this.#headroom = new Headroom(options.dir, options.headroomBytes, options.clock);
    this.#headroom.isHeld();
  }

  /**
   * Checks every record on disk, then is ready for a new incarnation.
   * @throws DomainError FAILED_PRECONDITION: SPOOL_IN_USE, SPOOL_FORMAT_UNKNOWN, INCARNATION_REUSED.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const complete = { segmentBytes: 16 * MIB, headroomBytes: MIB, groupCommitMs: 2, ...options };
    validate(complete);
    const { dir, formatNumber, incarnation, onError } = complete;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const unlock = lockOwner(dir);
    try {
      const recovered = await recover(dir, [formatNumber - 1, formatNumber], onError);
      refuseReuse(recovered.segments, incarnation);
      return new Spool(complete, recovered, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /**
   * The record is with the operating system when this returns and on disk within `groupCommitMs` plus a sync.
   * @returns its sequence: 1, 2, 3 … without gaps.
   * @throws DomainError RESOURCE_EXHAUSTED (SPOOL_FULL); nothing was written then, and the next call tries anew.
   */
  append(kind: number, payload: Uint8Array): bigint {
    this.#write(kind, payload);
    void this.#commit.join();
    return this.#lastSequence;
  }

  /**
   * Resolves when the record is on disk; those that wait share one sync.
   * @throws DomainError as `append`; UNAVAILABLE (SPOOL_SYNC_FAILED) when the disk did not confirm: the record is
   * written, but lost power may lose it.
   */
  async appendDurable(kind: number, payload: Uint8Array): Promise<bigint> {
    this.#write(kind, payload);
    const sequence = this.#lastSequence;
    await this.#commit.join();
    return sequence;
  }

  /**
   * Every record from a position on, oldest first, across incarnations: all that were appended before the call, less
   * what is trimmed meanwhile. Without a position, or with an incarnation that is not here (trimmed), all there are.
   */
  async *read(from?: SpoolPosition): AsyncGenerator<SpoolRecord> {
    const start = this.#segments.findIndex(({ incarnation }) => incarnation === from?.incarnation);
    for (const segment of this.#segments.slice(Math.max(start, 0))) {
      const isStart = segment.incarnation === from?.incarnation;
      const first = isStart ? from.sequence : 0n;
      if (segment.lastSequence >= first) yield* this.#readSegment(segment, first);
    }
  }

  /**
   * Billing has settled these: whole segments up to `upToSequence` are removed, others wait for the rest of theirs.
   * @returns how many segments were removed.
   */
  async trim(incarnation: string, upToSequence: bigint): Promise<number> {
    const settled = this.#settled.get(incarnation) ?? 0n;
    if (upToSequence > settled) this.#settled.set(incarnation, upToSequence);
    const removable = this.#segments.filter((segment) => this.#isSettled(segment) && !this.#isActive(segment));
    await Promise.all(removable.map((segment) => this.#remove(segment)));
    return removable.length;
  }

  /**
   * Admission asks this before it takes work: false once only the headroom is left, or after a failed sync. It turns
   * true by itself when there is space again.
   */
  healthy(): boolean {
    const { maxBytes, headroomBytes } = this.#options;
    return !this.#isClosed && this.#bytes + headroomBytes <= maxBytes && this.#headroom.isHeld();
  }

  stats(): SpoolStats {
    return {
      segments: this.#segments.length,
      bytes: this.#bytes,
      records: this.#segments.reduce((sum, { records }) => sum + records, 0),
      unsettledRecords: this.#segments.reduce((sum, segment) => sum + this.#unsettledIn(segment), 0),
      lastSequence: this.#lastSequence,
      syncs: this.#syncs,
      slowestSyncMs: this.#slowestSyncMs,
    };
  }

  /** Syncs what is written and lets another process open the spool. Leaves no segment when everything is settled. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#commit.drain();
    for (const writer of [...this.#sealed, ...(this.#active === undefined ? [] : [this.#active])]) writer.close();
    this.#active = undefined;
    await Promise.all(this.#segments.filter((segment) => this.#isSettled(segment)).map((s) => this.#remove(s)));
    this.#unlock();
  }

  #write(kind: number, payload: Uint8Array): void {
    if (this.#isClosed) throw new DomainError('FAILED_PRECONDITION', 'SPOOL_CLOSED', 'the spool is closed: open it');
    const { segmentBytes, maxBytes, dir } = this.#options;
    const length = RECORD_OVERHEAD_BYTES + payload.length;
    if (HEADER_BYTES + length > segmentBytes) {
      throw invalid(
        'RECORD_TOO_LARGE',
        `a record of ${payload.length} bytes does not fit a segment: raise segmentBytes`,
      );
    }
    if (this.#bytes + HEADER_BYTES + length > maxBytes) throw spoolFull(dir, `limit of ${maxBytes} bytes reached`);
    try {
      this.#writeOnce(kind, payload);
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#writeWithHeadroom(kind, payload, error);
    }
  }

  #writeWithHeadroom(kind: number, payload: Uint8Array, first: unknown): void {
    const { dir } = this.#options;
    if (!this.#headroom.release()) throw spoolFull(dir, errnoOf(first) ?? '', first);
    try {
      this.#writeOnce(kind, payload);
    } catch (error) {
      throw isFull(error) ? spoolFull(dir, errnoOf(error) ?? '', error) : error;
    }
  }

  #writeOnce(kind: number, payload: Uint8Array): void {
    const writer = this.#writerFor(RECORD_OVERHEAD_BYTES + payload.length);
    const before = writer.segment.bytes;
    writer.append(kind, this.#lastSequence + 1n, payload);
    this.#lastSequence += 1n;
    this.#bytes += writer.segment.bytes - before;
  }

  #writerFor(recordBytes: number): SegmentWriter {
    const { dir, incarnation, formatNumber, segmentBytes, clock, onError } = this.#options;
    if (this.#active !== undefined && this.#active.segment.bytes + recordBytes <= segmentBytes) return this.#active;
    const about = {
      number: this.#nextNumber,
      incarnation,
      format: formatNumber,
      firstSequence: this.#lastSequence + 1n,
      createdAtMs: clock.now().getTime(),
    };
    const writer = SegmentWriter.create(dir, about, (path, cause) => onError(truncateFailed(path, cause)));
    if (this.#active !== undefined) this.#sealed.push(this.#active);
    this.#nextNumber += 1;
    this.#active = writer;
    this.#segments.push(writer.segment);
    this.#bytes += writer.segment.bytes;
    this.#hasNewFiles = true;
    return writer;
  }

  async #sync(): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    const sealed = this.#sealed.splice(0);
    const active = this.#active;
    const syncs = [...sealed, ...(active === undefined ? [] : [active])].map((writer) => writer.sync());
    if (this.#hasNewFiles) syncs.push(syncDirectory(this.#options.dir));
    this.#hasNewFiles = false;
    const failure = (await Promise.allSettled(syncs)).find((result) => result.status === 'rejected');
    for (const writer of sealed) writer.close();
    this.#syncs += 1;
    this.#slowestSyncMs = Math.max(this.#slowestSyncMs, this.#options.clock.monotonicMs() - startedMs);
    if (failure !== undefined) throw this.#abandon(active, failure.reason);
  }

  /** After a failed sync the kernel may have forgotten what was dirty: the file is never trusted with a record again. */
  #abandon(writer: SegmentWriter | undefined, cause: unknown): DomainError {
    if (writer !== undefined && this.#active === writer) {
      writer.close();
      this.#active = undefined;
    }
    this.#hasNewFiles = true;
    this.#headroom.release();
    const error = syncFailed(this.#options.dir, cause);
    this.#options.onError(error);
    return error;
  }

  async *#readSegment(segment: Segment, first: bigint): AsyncGenerator<SpoolRecord> {
    const { bytes: length, path, incarnation, format } = segment;
    const bytes = await readUnlessTrimmed(path);
    if (bytes === undefined) return;
    const parsed = parseHeader(bytes, [format]);
    if (parsed.state !== 'valid') return this.#options.onError(damaged(path, { offset: 0, bytes: length }));
    for (const found of scan(bytes.subarray(0, length), parsed.header)) {
      if (found.type === 'record' && found.record.sequence >= first) {
        const { kind, sequence, payload } = found.record;
        // A copy: a consumer that keeps one payload must not keep the whole segment.
        yield { incarnation, sequence, format, kind, payload: Buffer.from(payload) };
      }
    }
  }

  #isActive(segment: Segment): boolean {
    return this.#active?.segment === segment;
  }

  #isSettled(segment: Segment): boolean {
    return segment.lastSequence <= (this.#settled.get(segment.incarnation) ?? 0n);
  }

  #unsettledIn({ incarnation, firstSequence, lastSequence, records }: Segment): number {
    const settled = this.#settled.get(incarnation) ?? 0n;
    if (settled < firstSequence) return records;
    return Math.min(records, Math.max(0, Number(lastSequence - settled)));
  }

  async #remove(segment: Segment): Promise<void> {
    // An open descriptor would keep the space; what is settled needs no sync.
    const unsynced = this.#sealed.findIndex((writer) => writer.segment === segment);
    if (unsynced >= 0) this.#sealed.splice(unsynced, 1)[0]!.close();
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#bytes -= segment.bytes;
    await unlink(segment.path);
  }
}

function validate(options: Required<SpoolOptions>): void {
  const { incarnation, formatNumber, segmentBytes, headroomBytes, maxBytes, groupCommitMs } = options;
  if (!isIncarnation(incarnation)) throw invalid('INVALID_INCARNATION', 'incarnation is 1 to 40 printable characters');
  if (!Number.isInteger(formatNumber) || formatNumber < 1 || formatNumber > 0xffff) {
    throw invalid('INVALID_FORMAT_NUMBER', 'formatNumber is an integer from 1 to 65535');
  }
  if (headroomBytes + segmentBytes > maxBytes) {
    throw invalid('INVALID_SPOOL_SIZE', 'maxBytes must hold at least one segment and the headroom');
  }
  if (groupCommitMs < 0 || groupCommitMs > 5) {
    throw invalid('INVALID_GROUP_COMMIT', 'groupCommitMs is 0 to 5: a record is promised to be on disk within 5 ms');
  }
}

function refuseReuse(segments: readonly Segment[], incarnation: string): void {
  if (!segments.some((segment) => segment.incarnation === incarnation)) return;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'INCARNATION_REUSED',
    `the spool already holds records of ${incarnation}: mint a new incarnation for each start`,
    { details: { incarnation } },
  );
}

async function readUnlessTrimmed(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncDirectory(dir: string): Promise<void> {
  // Windows cannot open a directory for this and does not need it.
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  await handle.sync().finally(() => handle.close());
}
