import type { Metadata } from '@grpc/grpc-js';
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/** Carries the request's id from call to call, for logs. */
export const REQUEST_ID_KEY = 'ostro-request-id';

/** Lets trace context travel in gRPC metadata. */
export const TRACE_CARRIER: TextMapGetter<Metadata> & TextMapSetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => {
    const value = metadata.get(key)[0];
    return typeof value === 'string' ? value : undefined;
  },
  set: (metadata, key, value) => metadata.set(key, value),
};
