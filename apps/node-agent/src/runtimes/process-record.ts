import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

export type RuntimeName = 'llama-cpp' | 'simulated';

const FORMAT = 1;
const SUFFIX = '.process.json';

/** What a restarted agent needs to find a model server again. Holds the nonce, so its file is the owner's alone. */
export interface ProcessRecord extends ProcessIdentity {
  readonly format: typeof FORMAT;
  readonly runtime: RuntimeName;
  readonly replicaId: string;
  readonly servedName: string;
  readonly nonce: string;
  readonly socketPath: string;
  readonly logPath: string;
}

export function processRecord(facts: Omit<ProcessRecord, 'format'>): ProcessRecord {
  return { format: FORMAT, ...facts };
}

/** On disk whole or not at all. */
export async function saveRecord(directory: string, record: ProcessRecord): Promise<void> {
  const path = recordPath(directory, record.replicaId);
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
  await writeFile(draft, JSON.stringify(record), { mode: 0o600, flush: true });
  await rename(draft, path);
}

export async function removeRecord(directory: string, replicaId: string): Promise<void> {
  await rm(recordPath(directory, replicaId), { force: true });
}

/** Every readable record of the directory. One of an unknown format or cut short is left out: its process is foreign. */
export async function loadRecords(directory: string): Promise<ProcessRecord[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
  const records = await Promise.all(names.map(async (name) => parse(await readFile(join(directory, name), 'utf8'))));
  return records.filter((record) => record !== undefined);
}

function recordPath(directory: string, replicaId: string): string {
  return join(directory, `${replicaId}${SUFFIX}`);
}

function parse(text: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<ProcessRecord>;
    const known = record.format === FORMAT && typeof record.pid === 'number' && typeof record.nonce === 'string';
    return known ? (record as ProcessRecord) : undefined;
  } catch {
    return undefined;
  }
}
