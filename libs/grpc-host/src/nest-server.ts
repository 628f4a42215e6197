import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { NestLogger } from '@ostro/telemetry';
import { GrpcErrorFilter } from './error-filter.ts';
import { GrpcServer, type GrpcServerOptions } from './grpc-server.ts';
import type { RunningGrpcServer } from './start-grpc-server.ts';

/** The half of this library that needs Nest: `startGrpcServer` loads it. */
export async function startNestServer(
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
