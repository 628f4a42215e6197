import { type Id, Money } from '@ostro/kernel';
import type { DataSource } from 'typeorm';

/** What accounts hold, from the projection that each posting keeps in step. */
export class BalanceView {
  constructor(
    private readonly database: DataSource,
    private readonly currency: string,
  ) {}

  async owed(organizationId: Id<'org'>): Promise<Money> {
    const rows: { balance: string }[] = await this.database.query(
      `SELECT trim_scale(balance)::text AS balance FROM account_balances WHERE account = $1 AND currency = $2`,
      [`organization:${organizationId}:receivable`, this.currency],
    );
    return Money.of(rows[0]?.balance ?? '0', this.currency);
  }
}
