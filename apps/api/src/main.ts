import 'reflect-metadata';
import { runService } from '@ostro/service-host';
import { api } from './start-api.ts';

await runService(api, process.env);
