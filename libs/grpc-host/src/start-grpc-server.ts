import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import type { GrpcServerOptions } from './grpc-server.ts';

/** A service that answers. */
export interface RunningGrpcServer {
  readonly app: INestMicroservice;
  readonly port: number;
  /** Switches gRPC health, for a service that knows it cannot work at the moment. */
  setServing(serving: boolean): void;
  /** Refuses new calls, lets those in progress finish for a while, then runs Nest's shutdown hooks. */
  close(): Promise<void>;
}

/**
 * Boots a Nest module as a gRPC service of the cell and listens. It rejects, and never ends the process, when the
 * module does not start or the address is taken. Nest is loaded here and not before: gateways and agents are clients
 * only, and it would take a third of their memory.
 */
export async function startGrpcServer(
  module: Type<unknown> | DynamicModule,
  options: GrpcServerOptions,
): Promise<RunningGrpcServer> {
  const { startNestServer } = await import('./nest-server.ts');
  return startNestServer(module, options);
}
