import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import mvn from 'mvn-artifact-download';
import type { KafkaLock, LockedJar } from './kafka-lock.ts';
import type { OnProgress } from './progress.ts';
import { isVerified } from './verified-file.ts';

const PARALLEL = 4;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const REQUEST_TIMEOUT_MS = 60_000;

export interface JarOptions {
  readonly cacheDir: string;
  /** Base URL of another Maven repository, for example a mirror inside a company. */
  readonly mavenRepository?: string;
  readonly onProgress?: OnProgress;
}

/**
 * Every jar of the lock, verified, as paths. Only what is missing or damaged is downloaded; a file appears
 * under its final name only after its hash was checked, so an interrupted or parallel run leaves no harm.
 */
export async function fetchKafkaJars(lock: KafkaLock, options: JarOptions): Promise<string[]> {
  const directory = join(options.cacheDir, `kafka-${lock.kafka}`);
  await mkdir(directory, { recursive: true });
  const missing = await missingJars(lock, directory);
  if (missing.length > 0) await fetchAll(missing, directory, options);
  return lock.jars.map((jar) => join(directory, jar.file));
}

async function missingJars(lock: KafkaLock, directory: string): Promise<LockedJar[]> {
  const missing: LockedJar[] = [];
  for (const jar of lock.jars) {
    if (!(await isVerified(join(directory, jar.file), jar))) missing.push(jar);
  }
  return missing;
}

async function fetchAll(jars: readonly LockedJar[], directory: string, options: JarOptions): Promise<void> {
  const totalBytes = jars.reduce((sum, jar) => sum + jar.bytes, 0);
  let doneBytes = 0;
  const report = () => options.onProgress?.({ step: 'Kafka: downloading', doneBytes, totalBytes });
  const draftDir = await mkdtemp(join(directory, 'draft-'));
  const queue = [...jars];
  const worker = async () => {
    for (let jar = queue.shift(); jar !== undefined; jar = queue.shift()) {
      await fetchJar(jar, { directory, draftDir, repository: withSlash(options.mavenRepository) });
      doneBytes += jar.bytes;
      report();
    }
  };
  report();
  try {
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  } finally {
    queue.length = 0;
    await rm(draftDir, { recursive: true, force: true });
  }
}

/** The library appends the path as it is. */
function withSlash(url: string | undefined): string | undefined {
  return url === undefined || url.endsWith('/') ? url : `${url}/`;
}

interface Target {
  readonly directory: string;
  readonly draftDir: string;
  readonly repository: string | undefined;
}

async function fetchJar(jar: LockedJar, target: Target): Promise<void> {
  const draft = join(target.draftDir, jar.file);
  let failure: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    try {
      await mvn.default(jar.coordinates, target.draftDir, target.repository, jar.file, { timeout: REQUEST_TIMEOUT_MS });
      if (!(await isVerified(draft, jar))) throw new Error(`sha256 or size differs from the lock`);
      await rename(draft, join(target.directory, jar.file));
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw unavailable(jar, target.directory, failure);
}

function unavailable(jar: LockedJar, directory: string, cause: unknown): DomainError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DomainError(
    'UNAVAILABLE',
    'KAFKA_DOWNLOAD_FAILED',
    `${jar.coordinates} could not be downloaded after ${ATTEMPTS} attempts (${why}). Check the network ` +
      '(where a proxy signs for others, NODE_EXTRA_CA_CERTS must name its certificate), set ' +
      'OSTRO_MAVEN_REPOSITORY to a repository that this machine reaches, put the file at ' +
      `${join(directory, jar.file)} (sha256 ${jar.sha256}), or set KAFKA_BROKERS to brokers of yours.`,
    { details: { coordinates: jar.coordinates, sha256: jar.sha256 }, cause },
  );
}
