import { readFile } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import type { Checksum } from './verified-file.ts';

export interface LockedJar extends Checksum {
  /** group:artifact:version */
  readonly coordinates: string;
  readonly file: string;
}

export interface KafkaLock {
  readonly kafka: string;
  readonly jars: readonly LockedJar[];
}

/** The committed list of every jar of the broker. */
export async function readKafkaLock(): Promise<KafkaLock> {
  return parseKafkaLock(await readFile(new URL('../kafka.lock.json', import.meta.url), 'utf8'));
}

/** Strict, because what passes here is downloaded and run: a jar without a hash or with a path for a name fails. */
export function parseKafkaLock(text: string): KafkaLock {
  const { kafka, jars } = JSON.parse(text) as { kafka?: unknown; jars?: unknown };
  if (typeof kafka !== 'string' || !Array.isArray(jars) || jars.length === 0) throw damaged('it lists no jars');
  return { kafka, jars: jars.map(parseJar) };
}

function parseJar(entry: Partial<LockedJar>): LockedJar {
  const { coordinates, file, bytes, sha256 } = entry;
  if (typeof coordinates !== 'string' || !/^[\w.-]+:[\w.-]+:[\w.-]+$/.test(coordinates))
    throw damaged(`${String(coordinates)} are no coordinates`);
  if (typeof file !== 'string' || !/^[\w.-]+\.jar$/.test(file)) throw damaged(`${coordinates} has no file name`);
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes <= 0) throw damaged(`${file} has no size`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw damaged(`${file} has no sha256`);
  return { coordinates, file, bytes, sha256 };
}

function damaged(why: string): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'KAFKA_LOCK_DAMAGED',
    `libs/embedded/kafka.lock.json cannot be used: ${why}. Restore it from git or run node tools/kafka-lock.mjs.`,
  );
}
