import { createDataSource } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import { JoinTokenEntity } from './enrolment/join-token.entity.ts';
import { NodeEntity } from './enrolment/node.entity.ts';
import { ApiKeyEntity } from './keys/api-key.entity.ts';
import { CreateIdentity20261122120000 } from './migrations/20261122-1200-create-identity.ts';
import { OrganizationEntity } from './organizations/organization.entity.ts';
import { ProjectEntity } from './organizations/project.entity.ts';
import { PrincipalEntity } from './principals/principal.entity.ts';

export function identityDataSource(url: string): DataSource {
  return createDataSource({
    url,
    schema: 'identity',
    entities: [OrganizationEntity, ProjectEntity, PrincipalEntity, ApiKeyEntity, JoinTokenEntity, NodeEntity],
    migrations: [CreateIdentity20261122120000],
    applicationName: 'identity',
  });
}
