import { randomUUID } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityV1 } from '@ostro/contracts';
import { grpcClient } from '@ostro/grpc-host';
import type { Cell } from './cell.ts';
import type { ControlPlane } from './control-plane.ts';

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
  /** Rights of the operator on it, for a few minutes. */
  readonly operatorToken: string;
}

const FILE = 'credentials.json';
const YEAR_SECONDS = 365n * 86_400n;

/**
 * The organization "local", its project and a key that may do everything in it. Made once: later starts find the key in
 * the credentials file. Every create carries a request id, so an interrupted first start is taken up where it stopped.
 */
export async function ensureOwner(dataDir: string, cell: Cell, control: ControlPlane): Promise<Owner> {
  const connection = {
    address: control.addresses['identity']!['grpc']!,
    identity: cell.operator,
    expectedService: 'identity',
  };
  const organizations = grpcClient(identityV1.OrganizationServiceService, connection);
  const tokens = grpcClient(identityV1.TokenServiceService, connection);
  const keys = grpcClient(identityV1.ApiKeyServiceService, connection);
  try {
    const created = await organizations.createOrganization({
      requestId: 'first-start',
      name: 'local',
      ownerName: 'owner',
    });
    const organizationId = created.organization!.organizationId;
    const projectId = created.defaultProject!.projectId;
    const { accessToken: operatorToken } = await tokens.issueOperatorToken({ organizationId });
    const known = await readCredentials(dataDir);
    if (known?.organizationId === organizationId) return { ...known, operatorToken };
    const { secret: apiKey } = await keys.createApiKey(
      {
        requestId: randomUUID(),
        organizationId,
        projectId,
        principalId: created.owner!.principalId,
        name: 'local owner',
        scopes: ['inference', 'manage:*'],
        allowedModels: ['*'],
        ttlSeconds: YEAR_SECONDS,
      },
      { token: operatorToken },
    );
    return { organizationId, projectId, apiKey, operatorToken };
  } finally {
    for (const client of [organizations, tokens, keys]) client.close();
  }
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
