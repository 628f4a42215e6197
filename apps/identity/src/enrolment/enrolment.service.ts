import { randomBytes, X509Certificate } from 'node:crypto';
import { DomainError, type Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { CertificateAuthority } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { AuditLog } from '../audit/audit-log.ts';
import { JOIN_TOKEN_FORMAT } from '../domain/checksummed-secret.ts';
import { type JoinToken, type Node, tokenRefused } from '../domain/enrolment.ts';
import { expiryOf, JOIN_TOKEN_LIFETIME } from '../domain/lifetime.ts';
import { checkedLabel } from '../domain/names.ts';
import { checkedSite, type Site } from '../domain/site.ts';
import { digestOf } from '../secret-digest.ts';
import type { EnrolmentRepository } from './enrolment.repository.ts';

/** The cell's authority, and for how long it vouches for a node. */
export interface NodeCertificates {
  readonly authority: CertificateAuthority;
  readonly ttlSeconds: number;
}

export interface EnrolledNode {
  readonly node: Node;
  readonly certificatePem: string;
}

export class EnrolmentService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly repository: EnrolmentRepository,
    private readonly certificates: NodeCertificates,
    private readonly audit: AuditLog,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** The authority's certificate, which a node trusts from the start. */
  get caPem(): string {
    return this.certificates.authority.certPem;
  }

  async createToken(input: {
    organizationId: Id<'org'>;
    site: Site;
    ttlSeconds: bigint;
  }): Promise<{ secret: string; expiresAt: Date }> {
    const { organizationId } = input;
    const createdAt = this.context.clock.now();
    const expiresAt = expiryOf(createdAt, input.ttlSeconds, JOIN_TOKEN_LIFETIME);
    const site = checkedSite(input.site);
    const token: JoinToken = { id: this.context.ids('jnt'), organizationId, site, createdAt, expiresAt };
    const secret = JOIN_TOKEN_FORMAT.generate(randomBytes);
    await this.transactions.run(async (tx) => {
      await this.repository.insertToken(tx, token, digestOf(secret));
      const change = { organizationId, action: 'join_token.created', subjectId: token.id, after: token };
      await this.audit.append(tx, change);
    });
    return { secret, expiresAt };
  }

  /**
   * Trades a token for a certificate. A request that the authority refuses leaves the token unused.
   *
   * @throws DomainError UNAUTHENTICATED (JOIN_TOKEN_MALFORMED, _UNKNOWN, _USED, _EXPIRED), INVALID_ARGUMENT
   * (INVALID_CSR, INVALID_NAME)
   */
  async enrol(input: { joinToken: string; csrPem: string; nodeName: string }): Promise<EnrolledNode> {
    if (!JOIN_TOKEN_FORMAT.isWellFormed(input.joinToken)) throw malformed();
    const name = checkedLabel(input.nodeName, 'node_name');
    const enrolledAt = this.context.clock.now();
    return this.transactions.run(async (tx) => {
      const digest = digestOf(input.joinToken);
      const token = await this.repository.useToken(tx, digest, enrolledAt);
      if (!token) throw tokenRefused(await this.repository.findToken(tx, digest));
      const { organizationId, site } = token;
      const id = this.context.ids('nod');
      const { certificatePem, expiresAt } = await this.#certify(id, site, input.csrPem);
      const node: Node = {
        id,
        organizationId,
        joinTokenId: token.id,
        site,
        name,
        enrolledAt,
        certificateExpiresAt: expiresAt,
      };
      await this.repository.insertNode(tx, node);
      await this.audit.append(tx, { organizationId, action: 'node.enrolled', subjectId: id, after: node });
      return { node, certificatePem };
    });
  }

  /** For the node that asks, under its own name: it proved who it is by the certificate it has. */
  async renew(nodeId: string, csrPem: string): Promise<EnrolledNode> {
    return this.transactions.run(async (tx) => {
      const before = await this.repository.getNode(tx, nodeId);
      const { certificatePem, expiresAt } = await this.#certify(before.id, before.site, csrPem);
      const node = { ...before, certificateExpiresAt: expiresAt };
      const { organizationId, id } = node;
      await this.repository.saveCertificateExpiry(tx, id, expiresAt);
      await this.audit.append(tx, { organizationId, action: 'node.renewed', subjectId: id, before, after: node });
      return { node, certificatePem };
    });
  }

  getNode(nodeId: string): Promise<Node> {
    return this.transactions.run((tx) => this.repository.getNode(tx, nodeId));
  }

  async #certify(nodeId: Id<'nod'>, site: Site, csrPem: string): Promise<{ certificatePem: string; expiresAt: Date }> {
    const { authority, ttlSeconds } = this.certificates;
    const certificatePem = await authority.issueNode({ nodeId, siteId: site.id, csrPem, ttlMs: ttlSeconds * 1_000 });
    return { certificatePem, expiresAt: new X509Certificate(certificatePem).validToDate };
  }
}

function malformed(): DomainError {
  return new DomainError(
    'UNAUTHENTICATED',
    'JOIN_TOKEN_MALFORMED',
    'this is no join token: one begins with "ostrojoin_" and its checksum fits; copy it again, whole',
  );
}
