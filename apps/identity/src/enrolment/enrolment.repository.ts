import { DomainError, type Id } from '@ostro/kernel';
import { type EntityManager, IsNull, MoreThan } from 'typeorm';
import type { JoinToken, Node } from '../domain/enrolment.ts';
import { JoinTokenEntity } from './join-token.entity.ts';
import { NodeEntity } from './node.entity.ts';

export class EnrolmentRepository {
  async insertToken(tx: EntityManager, token: JoinToken, secretSha256: Buffer): Promise<void> {
    await tx.insert(JoinTokenEntity, { ...token, secretSha256, usedAt: null });
  }

  /**
   * Uses a token up if it is still good. Of two that try at once the database lets one through; when that one's
   * transaction fails, the token is as good as before.
   */
  async useToken(tx: EntityManager, secretSha256: Buffer, now: Date): Promise<JoinToken | undefined> {
    const good = { secretSha256, usedAt: IsNull(), expiresAt: MoreThan(now) };
    const { affected } = await tx.update(JoinTokenEntity, good, { usedAt: now });
    return affected === 1 ? ((await this.findToken(tx, secretSha256)) ?? undefined) : undefined;
  }

  async findToken(tx: EntityManager, secretSha256: Buffer): Promise<(JoinToken & { usedAt: Date | null }) | null> {
    return tx.findOneBy(JoinTokenEntity, { secretSha256 });
  }

  async insertNode(tx: EntityManager, node: Node): Promise<void> {
    await tx.insert(NodeEntity, { ...node });
  }

  /** @throws DomainError NOT_FOUND (NODE_NOT_FOUND) */
  async getNode(tx: EntityManager, id: string): Promise<Node> {
    const row = await tx.findOneBy(NodeEntity, { id: id as Id<'nod'> });
    if (row) return { ...row };
    throw new DomainError('NOT_FOUND', 'NODE_NOT_FOUND', `no node ${id} was enrolled here; enrol it with a new token`, {
      details: { node_id: id },
    });
  }

  async saveCertificateExpiry(tx: EntityManager, id: Id<'nod'>, certificateExpiresAt: Date): Promise<void> {
    await tx.update(NodeEntity, { id }, { certificateExpiresAt });
  }
}
