import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { z } from 'zod';
import { OPERATION, type OperationSpec } from '../http/operation.ts';

/** Where Nest takes an argument of a handler from; the numbers are Nest's own. */
const SOURCES = { body: 3, query: 4, params: 5 } as const;

type Source = keyof typeof SOURCES;
type Controller = new (...args: never[]) => object;

/** A route as Nest serves it, with the schemas of its arguments. */
export interface DescribedRoute extends Readonly<Partial<Record<Source, z.ZodType>>> {
  readonly operation: OperationSpec;
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** With parameters as OpenAPI writes them: `/v1/keys/{key_id}`. */
  readonly path: string;
}

/** Every handler of these controllers: what Nest routes and what is described are read from the same place. */
export function describedRoutes(controllers: readonly Controller[]): DescribedRoute[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, unknown>;
    const handlers = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    return handlers.flatMap((name) => {
      const method = Reflect.getMetadata(METHOD_METADATA, prototype[name] as object) as RequestMethod | undefined;
      return method === undefined ? [] : [describe(controller, name, method)];
    });
  });
}

function describe(controller: Controller, name: string, method: RequestMethod): DescribedRoute {
  const handler = (controller.prototype as Record<string, object>)[name]!;
  const operation = Reflect.getMetadata(OPERATION, handler) as OperationSpec | undefined;
  if (!operation) throw new TypeError(`${controller.name}.${name} is routed without @Operation`);
  const path = [controller, handler].map((target) => Reflect.getMetadata(PATH_METADATA, target) as string);
  const joined = `/${path.filter((part) => part !== '/').join('/')}`.replace(/:(\w+)/g, '{$1}');
  return {
    operation,
    method: RequestMethod[method].toLowerCase() as DescribedRoute['method'],
    path: joined,
    ...schemasOf(controller, name),
  };
}

function schemasOf(controller: Controller, name: string): Partial<Record<Source, z.ZodType>> {
  const args = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as Record<string, { schema?: z.ZodType }>;
  const found = Object.entries(SOURCES).flatMap(([source, number]) => {
    const schema = Object.entries(args).find(([key]) => key.startsWith(`${number}:`))?.[1].schema;
    return schema ? [[source, schema] as const] : [];
  });
  return Object.fromEntries(found);
}
