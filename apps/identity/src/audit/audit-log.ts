import { createHash } from 'node:crypto';
import { currentCaller } from '@ostro/grpc-host';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';

export interface AuditedChange {
  readonly organizationId: string;
  /** What was done, past tense: `api_key.revoked`. */
  readonly action: string;
  readonly subjectId: string;
  readonly before?: object;
  readonly after?: object;
}

/**
 * Who changed what and when, written in the transaction of the change: neither exists without the other. States are
 * kept as digests, which prove what was there without keeping it.
 */
export class AuditLog {
  constructor(private readonly context: Pick<ServiceContext, 'clock' | 'ids'>) {}

  async append(tx: EntityManager, change: AuditedChange): Promise<void> {
    const { peer, claims } = currentCaller();
    await tx.query(
      `INSERT INTO audit_log
         (id, at, organization_id, action, subject_id, peer, principal_id, key_id, before_sha256, after_sha256)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        this.context.ids('aud'),
        this.context.clock.now(),
        change.organizationId,
        change.action,
        change.subjectId,
        peer ? `${peer.kind}/${peer.name}` : 'anyone',
        claims?.principalId ?? null,
        claims?.keyId ?? null,
        digestOfState(change.before),
        digestOfState(change.after),
      ],
    );
  }
}

function digestOfState(state: object | undefined): Buffer | null {
  return state === undefined ? null : createHash('sha256').update(JSON.stringify(state, plain)).digest();
}

/** One spelling for equal states: keys in order, numbers beyond JSON as text. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
