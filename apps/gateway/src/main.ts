import { runService } from '@ostro/service-host';
import { gateway } from './start-gateway.ts';

await runService(gateway, process.env);
