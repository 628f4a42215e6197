import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireRecord } from './event-record.ts';

/** Readers know this number and the one before it. */
const FORMAT = 1;
const KEPT = 3;

export interface ViewSnapshot {
  readonly topic: string;
  readonly writtenAt: Date;
  /** Offset to continue at, by partition. */
  readonly offsets: ReadonlyMap<number, bigint>;
  readonly records: readonly SnapshotRecord[];
}

export interface SnapshotRecord extends WireRecord {
  readonly partition: number;
}

interface Header {
  readonly format: number;
  readonly topic: string;
  readonly writtenAt: string;
  readonly offsets: Record<string, string>;
}

/**
 * Snapshots of one view on disk: a header line, a line for each record, a line with the SHA-256 of all before it.
 * A file appears under its name only when it is whole and on disk. The three newest are kept, so that a torn or
 * rotten one costs some reading from the topic, not the view.
 */
export class SnapshotStore {
  readonly #directory: string;
  readonly #topic: string;

  constructor(directory: string, topic: string) {
    this.#directory = directory;
    this.#topic = topic;
  }

  async write(snapshot: ViewSnapshot): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = await this.#names();
    const sequence = (names[0] === undefined ? 0 : sequenceOf(names[0])) + 1;
    const path = join(this.#directory, `${this.#topic}.${String(sequence).padStart(10, '0')}.snapshot`);
    const temporary = `${path}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      const digest = createHash('sha256');
      for (const chunk of chunksOf(snapshot)) {
        digest.update(chunk);
        await file.writeFile(chunk);
      }
      await file.writeFile(`${JSON.stringify({ sha256: digest.digest('hex') })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(this.#directory);
    for (const name of names.slice(KEPT - 1)) await rm(join(this.#directory, name));
  }

  /** The newest whole snapshot; each damaged one on the way to it is reported and passed over. */
  async load(onDamaged: (path: string, reason: string) => void): Promise<ViewSnapshot | undefined> {
    for (const name of await this.#names()) {
      const path = join(this.#directory, name);
      try {
        return parse(await readFile(path), this.#topic);
      } catch (error) {
        onDamaged(path, error instanceof Error ? error.message : String(error));
      }
    }
    return undefined;
  }

  /** Newest first. */
  async #names(): Promise<string[]> {
    try {
      const prefix = `${this.#topic}.`;
      const names = await readdir(this.#directory);
      return names
        .filter((name) => name.startsWith(prefix) && /^\d+\.snapshot$/.test(name.slice(prefix.length)))
        .sort((a, b) => sequenceOf(b) - sequenceOf(a));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

function sequenceOf(name: string): number {
  return Number(name.split('.').at(-2));
}

/** About 1 MiB at a time: a view of a million keys must not become one string. */
function* chunksOf(snapshot: ViewSnapshot): Generator<string> {
  const header: Header = {
    format: FORMAT,
    topic: snapshot.topic,
    writtenAt: snapshot.writtenAt.toISOString(),
    offsets: Object.fromEntries([...snapshot.offsets].map(([partition, offset]) => [partition, offset.toString()])),
  };
  let chunk = `${JSON.stringify(header)}\n`;
  for (const { partition, key, value, headers } of snapshot.records) {
    const base64 = value === null ? null : Buffer.from(value).toString('base64');
    chunk += `${JSON.stringify({ partition, key, value: base64, headers })}\n`;
    if (chunk.length > 1_000_000) {
      yield chunk;
      chunk = '';
    }
  }
  yield chunk;
}

function parse(bytes: Buffer, topic: string): ViewSnapshot {
  const bodyEnd = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  const { sha256 } = JSON.parse(bytes.toString('utf8', bodyEnd)) as { sha256: string };
  const body = bytes.subarray(0, bodyEnd);
  if (createHash('sha256').update(body).digest('hex') !== sha256) throw new Error('the checksum does not match');
  const lines = linesOf(body);
  const header = JSON.parse(lines.next().value ?? '{}') as Header;
  if (header.format !== FORMAT) throw new Error(`format ${header.format} is unknown to this version`);
  if (header.topic !== topic) throw new Error(`it is of topic ${header.topic}`);
  const records: SnapshotRecord[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as Omit<SnapshotRecord, 'value'> & { value: string | null };
    records.push({ ...record, value: record.value === null ? null : Buffer.from(record.value, 'base64') });
  }
  return {
    topic,
    writtenAt: new Date(header.writtenAt),
    offsets: new Map(Object.entries(header.offsets).map(([partition, offset]) => [Number(partition), BigInt(offset)])),
    records,
  };
}

function* linesOf(body: Buffer): Generator<string, undefined> {
  for (let start = 0; start < body.length;) {
    const end = body.indexOf(0x0a, start);
    yield body.toString('utf8', start, end);
    start = end + 1;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
