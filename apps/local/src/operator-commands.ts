import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDomainError } from '@ostro/kernel';
import { loadIdentity } from '@ostro/pki';
import { mintIdentities, prepareTopics, provisionSchemas } from './cell.ts';
import { OperatorClient } from './operator-client.ts';
import type { IdentityConfig, JoinTokenOptions, OperatorCommand, PrepareConfig } from './operator.config.ts';

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
  const operator = await connect(config);
  try {
    const organization = await operator.foundOrganization(name, `operator-${name}`);
    say(`organization ${organization.organizationId} (${name}), project ${organization.projectId}`);
    const key = await operator.ownerKey(organization, 'first key of the owner', `operator-${name}`);
    say(`its owner's key, shown this once: ${key}`);
  } catch (error) {
    if (!isDomainError(error) || error.reason !== 'KEY_ALREADY_CREATED') throw error;
    say("its owner's key was shown when it was made; the owner makes further ones with `ostro keys create`");
  } finally {
    operator.close();
  }
}

async function createJoinToken(config: IdentityConfig, options: JoinTokenOptions, say: Say): Promise<void> {
  const operator = await connect(config);
  try {
    const { organizationId, ttlSeconds, outDir, ...site } = options;
    const made = await operator.joinToken(
      organizationId,
      { ...site, certifications: [...site.certifications] },
      ttlSeconds,
    );
    await mkdir(outDir, { recursive: true });
    await writeFile(join(outDir, 'cell-ca.pem'), made.caPem);
    await writeFile(join(outDir, 'join-token'), made.joinToken, { mode: 0o600 });
    say(
      `one node may join site ${site.siteId} until ${made.expireTime?.toISOString() ?? 'the token expires'}: ${outDir}`,
    );
  } finally {
    operator.close();
  }
}

async function connect({ identitiesDir, identityAddress }: IdentityConfig): Promise<OperatorClient> {
  return new OperatorClient(identityAddress, await loadIdentity(join(identitiesDir, 'operator')));
}
