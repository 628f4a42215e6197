import { randomBytes } from 'node:crypto';

/** A new cluster's id, as Kafka makes its own: never beginning with "-", which its tools would take for an option. */
export function randomClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? randomClusterId() : id;
}
