import { type DynamicModule, Module } from '@nestjs/common';
import type { Outbox } from '@ostro/messaging';
import type { TransactionRunner } from '@ostro/persistence';
import { AccessTokens, RecordSigner, type ServiceIdentity } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import { AuditLog } from './audit/audit-log.ts';
import { Cell } from './cell.ts';
import { EnrolNodeGrpc } from './enrolment/enrol-node.grpc.ts';
import { EnrolmentGrpc } from './enrolment/enrolment.grpc.ts';
import { EnrolmentRepository } from './enrolment/enrolment.repository.ts';
import { EnrolmentService, type NodeCertificates } from './enrolment/enrolment.service.ts';
import { ApiKeyRecords } from './events/api-key-records.ts';
import { KeyTopic } from './events/key-topic.ts';
import { KeyChanges } from './keys/key-changes.ts';
import { KeyIssuer } from './keys/key-issuer.service.ts';
import { KeysGrpc } from './keys/keys.grpc.ts';
import { KeysRepository } from './keys/keys.repository.ts';
import { KeysService } from './keys/keys.service.ts';
import { OrganizationsGrpc } from './organizations/organizations.grpc.ts';
import { OrganizationsRepository } from './organizations/organizations.repository.ts';
import { OrganizationsService } from './organizations/organizations.service.ts';
import { PrincipalsGrpc } from './principals/principals.grpc.ts';
import { PrincipalsRepository } from './principals/principals.repository.ts';
import { PrincipalsService } from './principals/principals.service.ts';
import { RevocationFeed } from './revocations/revocation-feed.ts';
import { RevocationsGrpc } from './revocations/revocations.grpc.ts';
import { TokensGrpc } from './tokens/tokens.grpc.ts';
import { TokensService } from './tokens/tokens.service.ts';

/** What identity is built on: everything that was opened and must be closed again is in here, and nothing else. */
export interface IdentityParts {
  readonly cellId: string;
  readonly transactions: TransactionRunner;
  readonly outbox: Outbox;
  readonly identity: ServiceIdentity;
  readonly certificates: NodeCertificates;
  readonly context: ServiceContext;
}

/** The whole graph of objects, made in one place and checked by the compiler. */
export function composeIdentity({ cellId, transactions, outbox, identity, certificates, context }: IdentityParts) {
  const { clock, logger } = context;
  const audit = new AuditLog(context);
  const organizations = new OrganizationsRepository();
  const principals = new PrincipalsRepository();
  const keys = new KeysRepository();
  const records = new ApiKeyRecords(outbox, new RecordSigner(identity.signer), cellId, context);
  const revocations = new RevocationFeed(transactions, keys);
  const changes = new KeyChanges(keys, records, () => revocations.wake());
  const tokens = new AccessTokens(identity, clock);
  return {
    cell: new Cell(cellId, clock),
    organizations: new OrganizationsService(transactions, organizations, principals, audit, context),
    principals: new PrincipalsService(transactions, principals, organizations, changes, audit, context),
    keyIssuer: new KeyIssuer(transactions, organizations, principals, changes, audit, context),
    keys: new KeysService(transactions, keys, changes, audit, clock),
    tokens: new TokensService(transactions, keys, principals, organizations, tokens, clock),
    enrolment: new EnrolmentService(transactions, new EnrolmentRepository(), certificates, audit, context),
    revocations,
    keyTopic: new KeyTopic(transactions, keys, records, {
      onError: (err) => logger.warn({ err }, 'no beat could be written; views of keys grow old until one can'),
    }),
  };
}

export type IdentityGraph = ReturnType<typeof composeIdentity>;

/** The services as Nest's controllers ask for them: each class is its own token. */
const provide = (...instances: object[]) =>
  instances.map((instance) => ({ provide: instance.constructor, useValue: instance }));

/** Everything but enrolment, for peers with a certificate. */
@Module({})
export class IdentityModule {
  static of(graph: IdentityGraph): DynamicModule {
    const { cell, organizations, principals, keyIssuer, keys, tokens, enrolment, revocations } = graph;
    return {
      module: IdentityModule,
      controllers: [OrganizationsGrpc, PrincipalsGrpc, KeysGrpc, TokensGrpc, RevocationsGrpc, EnrolmentGrpc],
      providers: provide(cell, organizations, principals, keyIssuer, keys, tokens, enrolment, revocations),
    };
  }
}

/** EnrolNode alone, for machines that have no certificate yet. */
@Module({})
export class EnrolmentModule {
  static of({ cell, enrolment }: IdentityGraph): DynamicModule {
    return { module: EnrolmentModule, controllers: [EnrolNodeGrpc], providers: provide(cell, enrolment) };
  }
}
