import type { Environment } from '@ostro/config';
import type { ProcessSettings } from './process-settings.ts';
import type { ServiceContext } from './service-context.ts';

/** Something that was started and can be stopped. */
export interface Running {
  /** Where it listens, by purpose: `{ grpc: '127.0.0.1:41231' }`. Ports that were asked for as 0 are real here. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Names what is missing before it can work, or resolves; asked by /readyz. */
  ready?(): Promise<void> | void;
  /** Ends everything that was started, in bounded time. A second call does nothing. */
  stop(): Promise<void>;
}

/**
 * One deployable service: what `main.ts` runs as a process and `local` hosts beside others. `start` touches nothing
 * that belongs to the whole process, so that several services live in one.
 */
export interface Service<C extends { readonly process: ProcessSettings }> {
  /** Name of the app, as in its certificate and its traces. */
  readonly name: string;
  /** @throws DomainError that names every variable that is wrong. */
  readConfig(env: Environment, warn?: (message: string) => void): C;
  start(config: C, context: ServiceContext): Promise<Running>;
}
