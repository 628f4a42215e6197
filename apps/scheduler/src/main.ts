import { runService } from '@ostro/service-host';
import { scheduler } from './start-scheduler.ts';

await runService(scheduler, process.env);
