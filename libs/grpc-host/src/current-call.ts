import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from './caller.ts';

/** The call a handler is working on. */
export interface Call {
  /** `/ostro.identity.v1.ApiKeyService/CreateApiKey` */
  readonly method: string;
  readonly caller: Caller;
  /** Aborts when the client is gone or the deadline has passed: pass it to everything that takes one. */
  readonly signal: AbortSignal;
  /** When the client stops waiting; a stream may have none. */
  readonly deadline?: Date;
}

export const calls = new AsyncLocalStorage<Call>();

/** @throws Error outside a gRPC handler: a programming error. */
export function currentCall(): Call {
  const call = calls.getStore();
  if (!call) throw new Error('there is no current call: currentCall() works inside gRPC handlers only');
  return call;
}

export function currentCaller(): Caller {
  return currentCall().caller;
}
