import { createDataSource } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import { CreateBilling20261122120000 } from './migrations/20261122-1200-create-billing.ts';

export function billingDataSource(url: string): DataSource {
  return createDataSource({
    url,
    schema: 'billing',
    entities: [],
    migrations: [CreateBilling20261122120000],
    applicationName: 'billing',
  });
}
