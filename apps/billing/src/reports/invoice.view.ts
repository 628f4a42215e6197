import { type Id, type Interval, Money } from '@ostro/kernel';
import { draftInvoice, type DraftInvoice, type InvoiceCharge, type Meter } from '@ostro/rating';
import type { DataSource } from 'typeorm';

interface LineSum {
  readonly project_id: string;
  readonly endpoint_name: string;
  readonly meter: Meter;
  readonly quantity: string;
  readonly amount: string;
}

/** What a period would cost if it ended now. The database adds up exactly; rounding is rating's, once a line. */
export class InvoiceView {
  constructor(private readonly database: DataSource) {}

  async draft(organizationId: Id<'org'>, period: Interval, currency: string): Promise<DraftInvoice> {
    const sums: LineSum[] = await this.database.query(
      `SELECT project_id, endpoint_name, meter, sum(quantity)::text AS quantity,
         trim_scale(sum(line.amount))::text AS amount
       FROM charges, jsonb_to_recordset(lines) AS line (meter text, quantity numeric, amount numeric)
       WHERE organization_id = $1 AND charge_time >= $2 AND charge_time < $3 AND currency = $4
       GROUP BY project_id, endpoint_name, meter HAVING sum(quantity) <> 0`,
      [organizationId, period.start, period.end, currency],
    );
    const charges = sums.map((sum): InvoiceCharge => {
      const { project_id: projectId, endpoint_name: model, meter } = sum;
      const line = { meter, quantity: BigInt(sum.quantity), amount: Money.of(sum.amount, currency) };
      return { projectId, model, lines: [line] };
    });
    return draftInvoice({ organizationId, period, currency, charges });
  }
}
