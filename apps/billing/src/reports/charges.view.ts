import { DomainError, type Id, timestampOf } from '@ostro/kernel';
import type { Page } from '@ostro/grpc-host';
import type { DataSource } from 'typeorm';
import type { Charge } from '../domain/charge.ts';
import { type ChargeRow, fromRow } from '../ledger/charge-row.ts';

/** A charge in force, and when it was posted. */
export interface PostedCharge {
  readonly charge: Charge;
  readonly postedAt: Date;
}

/** Absent: every project of the organization. */
type Projects = readonly string[] | undefined;

/** Charges in force: what was corrected is in the books, and not here. */
export class ChargesView {
  constructor(private readonly database: DataSource) {}

  /** @throws DomainError NOT_FOUND (NOT_BILLED_YET, NOT_CHARGED, REQUEST_NOT_FOUND) */
  async ofRequest(organizationId: Id<'org'>, requestId: Id<'req'>, projects: Projects): Promise<PostedCharge> {
    const rows: (ChargeRow & { posted_at: Date })[] = await this.database.query(
      `SELECT charge.*, posted_at
       FROM request_settlements AS request
       JOIN charges AS charge ON charge.id = request.charge_id AND charge.requested_at = $3
       JOIN ledger_transactions AS transaction ON transaction.id = charge.transaction_id
       WHERE request.organization_id = $1 AND request.request_id = $2
         AND ($4::text[] IS NULL OR charge.project_id = ANY($4))`,
      [organizationId, requestId, timestampOf(requestId), projects ?? null],
    );
    if (rows[0]) return { charge: fromRow(rows[0]), postedAt: rows[0].posted_at };
    throw projects ? unknownRequest(requestId) : await this.#whyNot(organizationId, requestId);
  }

  /** One more than the page holds, newest first. */
  async list(
    organizationId: Id<'org'>,
    { projects, page }: { readonly projects: Projects; readonly page: Page },
  ): Promise<Charge[]> {
    const [time, id] = page.after ?? [];
    const rows: ChargeRow[] = await this.database.query(
      `SELECT charge.*
       FROM charges AS charge
       JOIN request_settlements AS request
         ON (request.organization_id, request.request_id) = (charge.organization_id, charge.request_id)
         AND request.charge_id = charge.id
       WHERE charge.organization_id = $1 AND ($2::text[] IS NULL OR charge.project_id = ANY($2))
         AND ($3::timestamptz IS NULL OR (charge.charge_time, charge.id) < ($3, $4))
       ORDER BY charge.charge_time DESC, charge.id DESC LIMIT $5`,
      [organizationId, projects ?? null, time ?? null, id ?? null, page.size + 1],
    );
    return rows.map(fromRow);
  }

  async #whyNot(organizationId: Id<'org'>, requestId: Id<'req'>): Promise<DomainError> {
    const [row]: { state: string; reason: string | null }[] = await this.database.query(
      'SELECT state, reason FROM request_settlements WHERE organization_id = $1 AND request_id = $2',
      [organizationId, requestId],
    );
    if (!row) return unknownRequest(requestId);
    const details = { request_id: requestId, state: row.state, reason: row.reason ?? '' };
    if (row.state === 'not_charged') {
      const message = `request ${requestId} costs nothing (${row.reason}); there is nothing to show`;
      return new DomainError('NOT_FOUND', 'NOT_CHARGED', message, { details });
    }
    const awaited = row.state === 'in_review' ? 'an operator to review it' : `its ${row.reason ?? 'usage'}`;
    const message = `request ${requestId} is not billed yet, it waits for ${awaited}; ask again later`;
    return new DomainError('NOT_FOUND', 'NOT_BILLED_YET', message, { details });
  }
}

function unknownRequest(requestId: string): DomainError {
  const message = `no usage of request ${requestId} is known; check the id, or ask again in some seconds if it just ended`;
  return new DomainError('NOT_FOUND', 'REQUEST_NOT_FOUND', message, { details: { request_id: requestId } });
}
