import 'reflect-metadata';
import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { NestLogger } from '@ostro/telemetry';
import { GrpcErrorFilter } from './error-filter.ts';
import { GrpcServer, type GrpcServerOptions } from './grpc-server.ts';

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
 * module does not start or the address is taken.
 */
export async function startGrpcServer(
  module: Type<unknown> | DynamicModule,
  options: GrpcServerOptions,
): Promise<RunningGrpcServer> {
  const strategy = new GrpcServer(options);
  const app = await NestFactory.createMicroservice<CustomStrategy>(module, {
    strategy,
    logger: new NestLogger(options.logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new GrpcErrorFilter(options.logger));
  try {
    await app.listen();
  } catch (error) {
    await app.close();
    throw error;
  }
  strategy.setServing(true);
  return {
    app,
    port: strategy.port,
    setServing: (serving) => strategy.setServing(serving),
    close: () => app.close(),
  };
}
