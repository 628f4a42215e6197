import { randomUUID } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatorClient } from './operator-client.ts';

/** What the CLI and the first question need; `<data>/credentials.json`, mode 0600. */
export interface Credentials {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly apiKey: string;
  readonly organizationId: string;
  readonly projectId: string;
}

/** The organization a laptop starts with. */
export interface Owner {
  readonly organizationId: string;
  readonly projectId: string;
  readonly apiKey: string;
}

const FILE = 'credentials.json';

/**
 * The organization "local", its project and a key that may do everything in it. Made once: later starts find the key in
 * the credentials file. Every create carries a request id, so an interrupted first start is taken up where it stopped.
 */
export async function ensureOwner(dataDir: string, operator: OperatorClient): Promise<Owner> {
  const organization = await operator.foundOrganization('local', 'first-start');
  const known = await readCredentials(dataDir);
  if (known?.organizationId === organization.organizationId) return known;
  // Another request id each time: a key whose secret was lost with an interrupted start cannot be shown again.
  const apiKey = await operator.ownerKey(organization, 'local owner', randomUUID());
  return { organizationId: organization.organizationId, projectId: organization.projectId, apiKey };
}

export async function writeCredentials(dataDir: string, credentials: Credentials): Promise<void> {
  const file = join(dataDir, FILE);
  await writeFile(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

async function readCredentials(dataDir: string): Promise<Credentials | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, FILE), 'utf8')) as Credentials;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
