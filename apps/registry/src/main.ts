import 'reflect-metadata';
import { runService } from '@ostro/service-host';
import { registry } from './start-registry.ts';

await runService(registry, process.env);
