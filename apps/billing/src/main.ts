import { runService } from '@ostro/service-host';
import { billing } from './start-billing.ts';

await runService(billing, process.env);
