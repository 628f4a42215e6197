import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityV1 } from '@ostro/contracts';
import { type GrpcClientOptions, grpcClient } from '@ostro/grpc-host';
import { isDomainError } from '@ostro/kernel';
import { loadIdentity } from '@ostro/pki';
import { mintIdentities, prepareTopics, provisionSchemas } from './cell.ts';
import type { IdentityConfig, JoinTokenOptions, OperatorCommand, PrepareConfig } from './operator.config.ts';

const YEAR_SECONDS = 365n * 86_400n;

/** What was done, in words for the person who asked. */
export type Say = (line: string) => void;

export async function runOperatorCommand(command: OperatorCommand, say: Say): Promise<void> {
  switch (command.name) {
    case 'prepare':
      return prepare(command.config, say);
    case 'topics':
      await prepareTopics(command.config.brokers);
      return say('the topics are there');
    case 'create-organization':
      return createOrganization(command.config, command.organization, say);
    case 'join-token':
      return createJoinToken(command.config, command.options, say);
  }
}

/**
 * What a cell needs before its first service starts. Each part leaves alone what is there, except that the roles'
 * passwords become those given, so a changed password takes effect by running it again.
 */
async function prepare(config: PrepareConfig, say: Say): Promise<void> {
  const { identity, registry, scheduler, billing } = config.passwords;
  const passwords = {
    identity: identity.reveal(),
    registry: registry.reveal(),
    scheduler: scheduler.reveal(),
    billing: billing.reveal(),
  };
  await Promise.all([
    provisionSchemas(config.adminUrl, passwords).then((urls) =>
      say(`schemas and roles are there: ${Object.keys(urls).join(', ')}`),
    ),
    prepareTopics(config.brokers).then(() => say('the topics are there')),
    mintIdentities(config.identitiesDir, config).then((minted) =>
      say(
        `certificates in ${config.identitiesDir}: ${minted.length > 0 ? `new for ${minted.join(', ')}` : 'all valid'}`,
      ),
    ),
  ]);
}

/**
 * The name decides the request ids: running it again after an interruption finishes the same organization. Its key is
 * shown by the run that made it and by no other.
 */
async function createOrganization(config: IdentityConfig, name: string, say: Say): Promise<void> {
  const connection = await connectionOf(config);
  const organizations = grpcClient(identityV1.OrganizationServiceService, connection);
  const keys = grpcClient(identityV1.ApiKeyServiceService, connection);
  try {
    const created = await organizations.createOrganization({ requestId: `operator-${name}`, name, ownerName: 'owner' });
    const organizationId = created.organization!.organizationId;
    const projectId = created.defaultProject!.projectId;
    say(`organization ${organizationId} (${name}), project ${projectId}`);
    const request = {
      requestId: `operator-${name}`,
      organizationId,
      projectId,
      principalId: created.owner!.principalId,
      name: 'first key of the owner',
      scopes: ['inference', 'manage:*'],
      allowedModels: ['*'],
      ttlSeconds: YEAR_SECONDS,
    };
    const { secret } = await keys.createApiKey(request, { token: await operatorToken(connection, organizationId) });
    say(`its owner's key, shown this once: ${secret}`);
  } catch (error) {
    if (!isDomainError(error) || error.reason !== 'KEY_ALREADY_CREATED') throw error;
    say("its owner's key was shown when it was made; the owner makes further ones with `ostro keys create`");
  } finally {
    organizations.close();
    keys.close();
  }
}

async function createJoinToken(config: IdentityConfig, options: JoinTokenOptions, say: Say): Promise<void> {
  const connection = await connectionOf(config);
  const enrolment = grpcClient(identityV1.NodeEnrolmentServiceService, connection);
  try {
    const { organizationId, siteId, country, operator, certifications, ttlSeconds, outDir } = options;
    const made = await enrolment.createJoinToken(
      { organizationId, site: { siteId, country, operator, certifications: [...certifications] }, ttlSeconds },
      { token: await operatorToken(connection, organizationId) },
    );
    await mkdir(outDir, { recursive: true });
    await writeFile(join(outDir, 'cell-ca.pem'), made.caPem);
    await writeFile(join(outDir, 'join-token'), made.joinToken, { mode: 0o600 });
    say(`one node may join site ${siteId} until ${made.expireTime?.toISOString() ?? 'the token expires'}: ${outDir}`);
  } finally {
    enrolment.close();
  }
}

async function connectionOf({ identitiesDir, identityAddress }: IdentityConfig): Promise<GrpcClientOptions> {
  return {
    address: identityAddress,
    identity: await loadIdentity(join(identitiesDir, 'operator')),
    expectedService: 'identity',
  };
}

async function operatorToken(connection: GrpcClientOptions, organizationId: string): Promise<string> {
  const tokens = grpcClient(identityV1.TokenServiceService, connection);
  try {
    return (await tokens.issueOperatorToken({ organizationId })).accessToken;
  } finally {
    tokens.close();
  }
}
