import { createDataSource } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import { ImportEntity } from './imports/import.entity.ts';
import { CreateRegistry20261122120000 } from './migrations/20261122-1200-create-registry.ts';
import { AliasEntity } from './models/alias.entity.ts';
import { ModelRevisionEntity } from './models/model-revision.entity.ts';
import { ModelEntity } from './models/model.entity.ts';

export function registryDataSource(url: string): DataSource {
  return createDataSource({
    url,
    schema: 'registry',
    entities: [ModelEntity, ModelRevisionEntity, AliasEntity, ImportEntity],
    migrations: [CreateRegistry20261122120000],
    applicationName: 'registry',
  });
}
