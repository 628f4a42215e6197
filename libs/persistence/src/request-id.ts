import { createHash } from 'node:crypto';
import { DomainError } from '@ostro/kernel';
import type { EntityManager, QueryRunner } from 'typeorm';

/** A request id is unique within its caller's organization and method, so that tenants cannot probe each other's. */
export interface RequestScope {
  readonly organizationId: string;
  /** Full gRPC method name, such as `ostro.scheduling.v1.DeploymentService/CreateDeployment`. */
  readonly method: string;
}

export interface IdempotentRequest {
  readonly scope: RequestScope;
  /** Chosen by the caller; empty when it wants no idempotency. */
  readonly requestId: string;
  /** Digest of what was asked; see `fingerprintOf`. */
  readonly fingerprint: string;
}

export interface IdempotentResult {
  readonly resourceId: string;
  /** True when an earlier call had created it: answer with the resource as it is now. */
  readonly isReplay: boolean;
}

/**
 * What makes a repeated create the same create, read off its message. All else in the message is its fingerprint, so
 * a request id that comes back with other content is noticed.
 *
 * @throws DomainError INVALID_ARGUMENT (INVALID_REQUEST_ID)
 */
export function idempotentRequest<R extends { requestId: string }>(
  codec: { encode(message: R): { finish(): Uint8Array } },
  request: R,
  scope: RequestScope,
): IdempotentRequest {
  const { requestId } = request;
  if (requestId.length < 1 || requestId.length > 64) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'INVALID_REQUEST_ID',
      'request_id must have 1 to 64 characters; send a new random one with each new create and the same with a retry',
      { details: { field: 'request_id' } },
    );
  }
  return { scope, requestId, fingerprint: fingerprintOf(codec.encode({ ...request, requestId: '' }).finish()) };
}

/** Called by a service's first migration. */
export async function createRequestIdTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE request_ids (
      organization_id text NOT NULL,
      method text NOT NULL,
      request_id text NOT NULL,
      fingerprint text NOT NULL,
      resource_id text,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization_id, method, request_id)
    )`);
  await queryRunner.query('CREATE INDEX request_ids_created_at ON request_ids (created_at)');
}

/**
 * Creates a resource at most once per request id, however often and however concurrently the call is repeated: a
 * second call waits until the first has committed or rolled back. Only the id is kept, never the answer, so a repeat
 * shows the resource of today and nothing sensitive is stored.
 *
 * @param create makes the resource within `tx` and returns its id.
 * @throws DomainError ALREADY_EXISTS (REQUEST_ID_REUSED) when the id was used for another request.
 */
export async function onceByRequestId(
  tx: EntityManager,
  request: IdempotentRequest,
  create: () => Promise<string>,
): Promise<IdempotentResult> {
  if (request.requestId === '') return { resourceId: await create(), isReplay: false };
  const key = [request.scope.organizationId, request.scope.method, request.requestId];
  const claimed: unknown[] = await tx.query(
    `INSERT INTO request_ids (organization_id, method, request_id, fingerprint) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [...key, request.fingerprint],
  );
  if (claimed.length === 0) return { resourceId: await earlierResult(tx, key, request.fingerprint), isReplay: true };
  const resourceId = await create();
  await tx.query(
    'UPDATE request_ids SET resource_id = $4 WHERE organization_id = $1 AND method = $2 AND request_id = $3',
    [...key, resourceId],
  );
  return { resourceId, isReplay: false };
}

async function earlierResult(tx: EntityManager, key: string[], fingerprint: string): Promise<string> {
  const rows: { fingerprint: string; resource_id: string }[] = await tx.query(
    `SELECT fingerprint, resource_id FROM request_ids
     WHERE organization_id = $1 AND method = $2 AND request_id = $3`,
    key,
  );
  const earlier = rows[0];
  if (earlier === undefined) {
    throw new DomainError('ABORTED', 'REQUEST_ID_EXPIRED', 'the request id expired during the call: retry');
  }
  if (earlier.fingerprint !== fingerprint) {
    throw new DomainError(
      'ALREADY_EXISTS',
      'REQUEST_ID_REUSED',
      'this request_id was used for a different request: repeat the same request, or choose a new request_id',
      { details: { resource_id: earlier.resource_id } },
    );
  }
  return earlier.resource_id;
}

/** Digest of a request. Give it the encoded message without its request id, so that equal requests are equal bytes. */
export function fingerprintOf(request: Uint8Array | string): string {
  return createHash('sha256').update(request).digest('hex');
}

/** Forgets ids older than `before`; from then on a repeat creates anew. */
export async function pruneRequestIds(tx: EntityManager, before: Date): Promise<number> {
  const result: [unknown[], number] = await tx.query('DELETE FROM request_ids WHERE created_at < $1', [before]);
  return result[1];
}
