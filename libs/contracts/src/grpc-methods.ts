import 'reflect-metadata';

/**
 * What Nest's decorators of these names leave on a handler, without Nest: contracts are also read by gateways and
 * agents, which serve no gRPC and would hold all of it in memory. The spec compares them with Nest's own.
 */
type MethodMark = (target: unknown, key: string, descriptor: PropertyDescriptor) => void;

const MESSAGE = 1;
const GRPC = 4;

/** A handler that takes one message. */
export function GrpcMethod(service: string, rpc: string): MethodMark {
  return mark({ service, rpc, streaming: 'no_stream' });
}

/** A handler that takes a stream. */
export function GrpcStreamMethod(service: string, rpc: string): MethodMark {
  return mark({ service, rpc, streaming: 'rx_stream' });
}

function mark(pattern: { readonly service: string; readonly rpc: string; readonly streaming: string }): MethodMark {
  return (_target, _key, { value: handler }) => {
    Reflect.defineMetadata('microservices:pattern', [pattern], handler as object);
    Reflect.defineMetadata('microservices:handler_type', MESSAGE, handler as object);
    Reflect.defineMetadata('microservices:transport', GRPC, handler as object);
    Reflect.defineMetadata('microservices:pattern_extras', {}, handler as object);
  };
}
