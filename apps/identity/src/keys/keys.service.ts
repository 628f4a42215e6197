import { type Page, takePage } from '@ostro/grpc-host';
import type { Clock, Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { AccessClaims } from '@ostro/pki';
import type { AuditLog } from '../audit/audit-log.ts';
import { type ApiKey, revoked, type RevocationReason } from '../domain/api-key.ts';
import { assertMayManageKeysOf, type Reach } from '../domain/grant.ts';
import type { KeyChanges } from './key-changes.ts';
import type { KeysRepository } from './keys.repository.ts';

export class KeysService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly keys: KeysRepository,
    private readonly changes: KeyChanges,
    private readonly audit: AuditLog,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  get(reach: Reach, id: Id<'key'>): Promise<ApiKey> {
    return this.transactions.run((tx) => this.keys.get(tx, reach, id));
  }

  async list(reach: Reach, page: Page) {
    const rows = await this.transactions.run((tx) => this.keys.list(tx, reach, page));
    return takePage(rows, page, ({ id }) => [id]);
  }

  /** For ever, and as often as asked: a caller that saw no answer repeats itself safely. */
  async revoke(bearer: AccessClaims, id: Id<'key'>, reason: RevocationReason): Promise<ApiKey> {
    return this.transactions.run(async (tx) => {
      const before = await this.keys.getForUpdate(tx, bearer, id);
      assertMayManageKeysOf(before.principalId, bearer);
      const after = revoked(before, reason, this.clock.now());
      if (!after) return before;
      const [saved] = await this.changes.save(tx, [after]);
      const { organizationId } = before;
      await this.audit.append(tx, { organizationId, action: 'api_key.revoked', subjectId: id, before, after: saved! });
      return saved!;
    });
  }
}
