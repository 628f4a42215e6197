import 'reflect-metadata';
import { runService } from '@ostro/service-host';
import { nodeAgent } from './start-node-agent.ts';

await runService(nodeAgent, process.env);
