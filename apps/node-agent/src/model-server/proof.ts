import { createHmac } from 'node:crypto';

/**
 * Shows that a process knows the nonce it was started with, without telling it: an agent that comes back asks the
 * process behind a socket before it takes it for its own.
 */
export function proofOf(nonce: string, challenge: string): string {
  return createHmac('sha256', nonce).update(`ostro model server ${challenge}`).digest('hex');
}
