import { runService } from '@ostro/service-host';
import { identity } from './start-identity.ts';

await runService(identity, process.env);
