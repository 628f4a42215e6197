export { observeOutbox } from './observe-outbox.ts';
export { type ProcessSettings, processSettings } from './process-settings.ts';
export {
  type ContextOptions,
  openServiceContext,
  type OwnedServiceContext,
  type ServiceContext,
} from './service-context.ts';
export type { Running, Service } from './service.ts';
export { runService } from './run-service.ts';
