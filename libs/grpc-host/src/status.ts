import { type Metadata, Metadata as GrpcMetadata, status as Status } from '@grpc/grpc-js';
import { DomainError, type ErrorCode } from '@ostro/kernel';
import { decodeErrorInfo, encodeErrorInfo } from './error-info.ts';

const DETAILS = 'grpc-status-details-bin';

/** What grpc-js sends when a call ends with it. */
export interface WireStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** A DomainError as a gRPC status with `google.rpc.ErrorInfo`. Its cause stays here. */
export function toStatus(error: DomainError): WireStatus {
  const code = Status[error.code];
  const metadata = new GrpcMetadata();
  const info = { code, message: error.message, reason: error.reason, details: error.details };
  metadata.set(DETAILS, Buffer.from(encodeErrorInfo(info)));
  return { code, details: error.message, metadata };
}

/** What a client knows of a call that failed. */
export interface FailedCall {
  readonly service: string;
  readonly method: string;
  readonly address: string;
}

/**
 * A failed call as the DomainError its handler threw. Where no handler answered (no connection, deadline, a foreign
 * server) the reason says so, and the message names who was asked.
 */
export function fromStatus(
  error: { code: Status; details: string; metadata?: Metadata },
  call: FailedCall,
): DomainError {
  const encoded = error.metadata?.get(DETAILS)[0];
  const info = encoded instanceof Uint8Array ? decodeErrorInfo(encoded) : undefined;
  const code = codeOf(error.code);
  if (info) return new DomainError(code, info.reason, info.message, { details: info.details });
  const { reason, message } = withoutInfo(code, error.details, call);
  return new DomainError(code, reason, message, { details: { method: call.method }, cause: error });
}

function codeOf(status: Status): ErrorCode {
  const name = Status[status];
  return name === undefined || name === 'OK' || name === 'UNKNOWN' ? 'INTERNAL' : (name as ErrorCode);
}

function withoutInfo(code: ErrorCode, details: string, { service, method, address }: FailedCall) {
  if (code === 'UNAVAILABLE') {
    return { reason: 'SERVICE_UNREACHABLE', message: `${service} at ${address} cannot be reached: ${details}` };
  }
  if (code === 'DEADLINE_EXCEEDED') {
    return { reason: 'DEADLINE_EXCEEDED', message: `${service} did not answer ${method} within the deadline` };
  }
  return { reason: code, message: `${service} answered ${method} with ${code}: ${details}` };
}
