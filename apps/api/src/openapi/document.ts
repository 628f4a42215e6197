import { MESSAGE_DOCS, METHOD_ACCESS } from '@ostro/contracts';
import { z } from 'zod';
import { MANAGEMENT } from '../api.module.ts';
import { PROBLEM_MEDIA, problemSchema } from '../http/problem.ts';
import { answers, requests } from '../shapes/schema-registries.ts';
import { type DescribedRoute, describedRoutes } from './described-routes.ts';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter, OpenApiSchema } from './open-api.ts';

const ZODS_OWN = ['$schema', '$id', 'additionalProperties'];

const refTo = (id: string) => ({ $ref: `#/components/schemas/${id}` });

/**
 * The OpenAPI document of the management API, read from what serves it: routes from Nest, shapes from the schemas that
 * check requests and project answers, words from the contracts.
 */
export function openApiDocument(): OpenApiDocument {
  const routes = describedRoutes(MANAGEMENT);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ostro management API',
      version: '1',
      description: 'Models, deployments, nodes, keys and what was used. Send "authorization: Bearer <key>".',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key with a manage scope, such as manage:*.' },
      },
      schemas: { ...componentsOf(requests, 'input'), ...componentsOf(answers, 'output') },
    },
  };
}

function operationOf(route: DescribedRoute): OpenApiOperation {
  const { id, summary, rpc, status, answers: answer, media } = route.operation;
  const permission = rpc && METHOD_ACCESS[rpc.path]?.permission;
  return {
    operationId: id,
    summary,
    tags: [route.path.split('/')[2] ?? ''],
    ...(permission && { description: `Needs the permission \`${permission}\`.`, 'x-permission': permission }),
    parameters: [...parametersIn('path', route.params), ...parametersIn('query', route.query), ...headersOf(route)],
    ...bodyOf(route),
    responses: {
      [status]: { description: 'As asked.', content: { [media]: { schema: schemaOf(answer, answers, 'output') } } },
      default: {
        description: 'An error.',
        content: { [PROBLEM_MEDIA]: { schema: schemaOf(problemSchema, answers, 'output') } },
      },
    },
  };
}

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined): OpenApiParameter[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = tidy(z.toJSONSchema(schema, { io: 'input' }) as OpenApiSchema);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function headersOf({ method, operation }: DescribedRoute): OpenApiParameter[] {
  const idempotency = {
    name: 'idempotency-key',
    description: 'The same key gives the same result again; 1 to 64 characters.',
    required: false,
  };
  const creates = method === 'post' && operation.status === 201;
  return [...operation.headers, ...(creates ? [idempotency] : [])].map((header) => ({
    ...header,
    in: 'header' as const,
    schema: { type: 'string' },
  }));
}

function bodyOf({ body, method, operation }: DescribedRoute): Pick<OpenApiOperation, 'requestBody'> {
  if (operation.takesBytes) {
    return { requestBody: { required: true, content: { 'application/octet-stream': { schema: {} } } } };
  }
  if (!body) return {};
  const media = method === 'patch' ? 'application/merge-patch+json' : 'application/json';
  return { requestBody: { required: true, content: { [media]: { schema: schemaOf(body, requests, 'input') } } } };
}

type Registry = typeof answers;

function schemaOf(schema: z.ZodType, registry: Registry, io: 'input' | 'output'): OpenApiSchema {
  const id = registry.get(schema)?.id;
  return id === undefined ? tidy(z.toJSONSchema(schema, { io }) as OpenApiSchema) : refTo(id);
}

function componentsOf(registry: Registry, io: 'input' | 'output'): Record<string, OpenApiSchema> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => refTo(id).$ref });
  const entries = Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([id, schema]) => [id, inWords(id, tidy(schema as OpenApiSchema))]));
}

/** A view carries the name of its message, so what the contract says of each field is said here too. */
function inWords(id: string, schema: OpenApiSchema): OpenApiSchema {
  const docs = MESSAGE_DOCS[id];
  if (!docs) return schema;
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const description = property.description ?? docs.fields[name];
    return [name, description === undefined ? property : { description, ...property }];
  });
  return { description: docs.message, ...schema, properties: Object.fromEntries(properties) };
}

/**
 * Without what only says that zod made it: ids, dialects, and the patterns behind well-known formats. Requests are
 * strict by their check; a document that forbade more fields in answers would make every new one a breaking change.
 */
function tidy<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => tidy(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const hasFormat = 'format' in value;
  const kept = Object.entries(value).filter(([name]) => !ZODS_OWN.includes(name) && !(name === 'pattern' && hasFormat));
  return Object.fromEntries(kept.map(([name, inner]) => [name, tidy(inner)])) as T;
}
