import { Controller, Module } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { METHOD_ACCESS } from '@ostro/contracts';
import { type Call, currentCall, type RunningGrpcServer, startGrpcServer } from '@ostro/grpc-host';
import { DomainError } from '@ostro/kernel';
import type { TlsIdentity } from '@ostro/pki';
import { createLogger } from '@ostro/telemetry';
import type { Observable } from 'rxjs';

/** A method of a ts-proto service definition. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

type Answer = (request: unknown, call: Call) => unknown;

/**
 * A control service that speaks its real contract, with the cell's access rules, and answers what a test says. It
 * stands for a service that another app owns.
 */
export class ScriptedService {
  readonly #answers = new Map<string, Answer>();
  readonly #calls: { readonly path: string; readonly request: unknown; readonly call: Call }[] = [];
  #server: RunningGrpcServer | undefined;

  static async listen(definitions: readonly ServiceDefinition[], identity: TlsIdentity): Promise<ScriptedService> {
    const service = new ScriptedService();
    const controllers = definitions.map((definition) => service.#controllerOf(definition));
    class Scripted {}
    Module({ controllers })(Scripted);
    service.#server = await startGrpcServer(Scripted, {
      bind: { host: '127.0.0.1', port: 0 },
      services: definitions,
      access: METHOD_ACCESS,
      identity,
      logger: createLogger({ service: 'scripted', level: 'error' }),
      drainMs: 100,
    });
    return service;
  }

  get address(): string {
    return `127.0.0.1:${this.#server!.port}`;
  }

  /** The answer from now on. It may throw a DomainError; a stream answers an Observable. */
  answer<Q, R>(method: Method<Q, R>, answer: (request: Q, call: Call) => R | Observable<R>): void {
    this.#answers.set(method.path, answer as Answer);
  }

  /** What was asked of a method, in order. */
  asked<Q, R>(method: Method<Q, R>): Q[] {
    return this.#calls.filter(({ path }) => path === method.path).map(({ request }) => request as Q);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #controllerOf(definition: ServiceDefinition): new () => object {
    const take = (path: string, request: unknown) => this.#take(path, request);
    class Scripted {}
    for (const [method, { path }] of Object.entries(definition)) {
      const service = path.split('/')[1]!.split('.').at(-1)!;
      const value = (request: unknown) => take(path, request);
      Object.defineProperty(Scripted.prototype, method, { value, writable: true });
      const descriptor = Object.getOwnPropertyDescriptor(Scripted.prototype, method)!;
      GrpcMethod(service, method)(Scripted.prototype, method, descriptor);
    }
    Controller()(Scripted);
    return Scripted;
  }

  #take(path: string, request: unknown): unknown {
    const call = currentCall();
    this.#calls.push({ path, request, call });
    const answer = this.#answers.get(path);
    if (!answer) throw new DomainError('UNIMPLEMENTED', 'NO_SCRIPT', `this test says no answer for ${path}`);
    return answer(request, call);
  }
}
