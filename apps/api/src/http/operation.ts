import { applyDecorators, HttpCode, SerializeOptions, SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

/** The part of a gRPC method that an operation is known by. */
export interface Rpc {
  readonly path: string;
}

/** What the OpenAPI document needs to know of a handler beyond Nest's own metadata. */
export interface OperationSpec {
  readonly id: string;
  readonly summary: string;
  /** The method it calls, whose permission the caller's key needs; none: any key may. */
  readonly rpc: Rpc | undefined;
  readonly status: number;
  readonly answers: z.ZodType;
  /** Media type of the answer. */
  readonly media: string;
  /** Headers the handler reads. */
  readonly headers: readonly RequestHeader[];
  /** Set when the body is a stream of bytes instead of JSON. */
  readonly takesBytes: boolean;
}

export interface RequestHeader {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

export const OPERATION = 'ostro:operation';

type Handler<R> = (...args: never[]) => R;
type Decorates<R> = (target: object, key: string, descriptor: TypedPropertyDescriptor<Handler<R>>) => void;

/**
 * Declares a handler of the management API: its name, what it calls and what it answers. The handler returns messages
 * of the contract; the schema projects them to JSON, and the same schema describes them in the document.
 */
export function Operation<S extends z.ZodType>(
  rpc: Rpc | undefined,
  id: string,
  summary: string,
  options: {
    readonly answers: S;
    readonly status?: number;
    readonly headers?: readonly RequestHeader[];
    readonly takesBytes?: boolean;
  },
): Decorates<Promise<z.input<S>>> {
  const { answers, status = 200, headers = [], takesBytes = false } = options;
  const spec: OperationSpec = {
    id,
    summary,
    rpc,
    status,
    answers,
    media: 'application/json',
    headers,
    takesBytes,
  };
  return applyDecorators(
    HttpCode(status),
    SerializeOptions({ schema: answers }),
    SetMetadata(OPERATION, spec),
  ) as Decorates<Promise<z.input<S>>>;
}
