import type { Sensitive } from '@ostro/kernel';
import type { DuplexStream, IncomingStream, UploadStream } from './client-streams.ts';

export interface CallSettings {
  /** Default: the client's for a single answer, none for a stream. */
  readonly deadlineMs?: number;
  /** The access token of whoever this call is for. */
  readonly token?: string | Sensitive<string>;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Doing it twice is the same as once: the call is tried up to three times while the service is unavailable. */
  readonly idempotent?: boolean;
}

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

type RequestOf<M> = M extends { requestSerialize: (value: infer R) => Buffer } ? R : never;
type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

type ClientMethod<M extends Method> = M['requestStream'] extends true
  ? M['responseStream'] extends true
    ? (settings?: CallSettings) => DuplexStream<RequestOf<M>, ResponseOf<M>>
    : (settings?: CallSettings) => UploadStream<RequestOf<M>, ResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: RequestOf<M>, settings?: CallSettings) => IncomingStream<ResponseOf<M>>
    : (request: RequestOf<M>, settings?: CallSettings) => Promise<ResponseOf<M>>;

/** A ts-proto service definition. */
export type Definition = Readonly<Record<string, Method>>;

/** A service's methods as functions; every failure is a DomainError. */
export type GrpcClient<D extends Definition> = { readonly [K in keyof D]: ClientMethod<D[K]> } & {
  close(): void;
};
