import type { BlockHashes, RoutingRequest } from '../request.ts';

/** Second words of hashes that are no prompt's; a prompt's hash is one of these with a chance of 2^-32. */
const SESSION = 0x5e551011;
const ADAPTER = 0xada97e12;

/** A session is remembered like a prompt of one block: where it was last, until that is forgotten. */
export function sessionBlock({ sessionHash }: RoutingRequest): BlockHashes {
  return sessionHash === undefined ? new Uint32Array(0) : Uint32Array.of(sessionHash, SESSION);
}

/** The same for LoRA weights, until a replica reports them. */
export function adapterBlock({ adapter }: RoutingRequest): BlockHashes {
  return adapter === undefined ? new Uint32Array(0) : Uint32Array.of(fnv1a(adapter), ADAPTER);
}

/** 32-bit FNV-1a of the text's UTF-16 units. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
