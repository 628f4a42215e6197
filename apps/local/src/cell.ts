import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@ostro/contracts';
import { systemClock } from '@ostro/kernel';
import { createTopics } from '@ostro/messaging';
import { provision } from '@ostro/persistence';
import { loadIdentity, mintServiceIdentities, type ServiceIdentity } from '@ostro/pki';

export const CELL_ID = 'cell-1';
export const TRUST_DOMAIN = 'ostro.local';

const DATABASE_SERVICES = ['identity', 'registry', 'scheduler', 'billing'] as const;
const SERVICES = [...DATABASE_SERVICES, 'api', 'gateway', 'operator', 'node-agent'] as const;
const HOUR_MS = 3_600_000;

export type DatabaseService = (typeof DATABASE_SERVICES)[number];
export type Passwords = Readonly<Record<DatabaseService, string>>;

/** How a cell is called, in certificates and on its network. */
export interface CellNames {
  readonly cellId: string;
  readonly trustDomain: string;
  /** Domains under which services are reached besides their bare names, such as `ostro.svc.cluster.local`. */
  readonly dnsSuffixes?: readonly string[];
}

/** What a cell has before its first service starts: schemas with their roles, topics, certificates. */
export interface Cell {
  readonly databaseUrls: Readonly<Record<DatabaseService, string>>;
  /** Folder of a service's certificates. */
  tlsDir(service: string): string;
  readonly operator: ServiceIdentity;
}

/** Safe to run at every start: what is there stays. */
export async function prepareCell(dataDir: string, databaseUrl: string, brokers: readonly string[]): Promise<Cell> {
  const identities = join(dataDir, 'identities');
  const [databaseUrls] = await Promise.all([
    databasePasswords(dataDir).then((passwords) => provisionSchemas(databaseUrl, passwords)),
    prepareTopics(brokers),
    mintIdentities(identities, { trustDomain: TRUST_DOMAIN, cellId: CELL_ID }),
  ]);
  const tlsDir = (service: string) => join(identities, service);
  return { databaseUrls, tlsDir, operator: await loadIdentity(tlsDir('operator')) };
}

/** One folder a service. @returns the services that received something new. */
export async function mintIdentities(dir: string, names: CellNames): Promise<readonly string[]> {
  const { dnsSuffixes = [], trustDomain, cellId } = names;
  const services = SERVICES.map((name) => ({
    name,
    dnsNames: [name, ...dnsSuffixes.map((suffix) => `${name}.${suffix}`)],
  }));
  return mintServiceIdentities(dir, services, { trustDomain, cellId, clock: systemClock });
}

/** @returns the URL each service logs in with. */
export async function provisionSchemas(
  adminUrl: string,
  passwords: Passwords,
): Promise<Record<DatabaseService, string>> {
  await provision(
    adminUrl,
    DATABASE_SERVICES.map((service) => ({ schema: service, role: `ostro_${service}`, password: passwords[service] })),
  );
  const urls = DATABASE_SERVICES.map((service) => {
    const url = new URL(adminUrl);
    url.username = `ostro_${service}`;
    url.password = passwords[service];
    return [service, url.toString()];
  });
  return Object.fromEntries(urls) as Record<DatabaseService, string>;
}

/** Made once and kept, so that a second `npm start` finds the roles as it left them. */
async function databasePasswords(dataDir: string): Promise<Record<DatabaseService, string>> {
  const file = join(dataDir, 'database-passwords.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<DatabaseService, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = DATABASE_SERVICES.map((service) => [service, randomBytes(24).toString('base64url')]);
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, JSON.stringify(Object.fromEntries(made)), { mode: 0o600, flag: 'wx' });
  return Object.fromEntries(made) as Record<DatabaseService, string>;
}

export async function prepareTopics(brokers: readonly string[]): Promise<void> {
  await createTopics(
    { brokers, clientId: 'ostro-topics' },
    Object.values(TOPICS).map((topic) => ({
      name: topic.name,
      partitions: topic.partitions,
      cleanupPolicy: topic.cleanup,
      deadLetters: topic.deadLetters,
      ...(topic.cleanup === 'delete'
        ? { retentionMs: topic.retentionHours * HOUR_MS }
        : { deleteRetentionMs: topic.retentionHours * HOUR_MS }),
    })),
  );
}
