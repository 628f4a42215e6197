import { readConfig } from '@ostro/config';
import { DESCRIPTOR_SET_BASE64, identityV1, METHOD_ACCESS } from '@ostro/contracts';
import { type GrpcServerOptions, startGrpcServer } from '@ostro/grpc-host';
import { KafkaEventBus, Outbox, OutboxRelay } from '@ostro/messaging';
import { DomainError } from '@ostro/kernel';
import { runMigrations, TransactionRunner } from '@ostro/persistence';
import { type CertificateAuthority, loadAuthority, loadIdentity } from '@ostro/pki';
import {
  observeOutbox,
  type ProcessSettings,
  type Running,
  type Service,
  type ServiceContext,
} from '@ostro/service-host';
import { identityDataSource } from './data-source.ts';
import { type IdentityConfig, settings } from './identity.config.ts';
import { composeIdentity, EnrolmentModule, IdentityModule } from './identity.module.ts';

const { enrolNode, ...nodeEnrolment } = identityV1.NodeEnrolmentServiceService;

/** Who is who in the cell: organizations, projects, principals, keys, and the authority that vouches for nodes. */
export const identity: Service<IdentityConfig> = {
  name: 'identity',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'identity', warn }),
  start,
};

/** What was opened is closed in reverse order, by `stop` or by the failure of a later step. */
async function start(config: IdentityConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const { cellId } = config.process;
  const { clock, logger, tracer } = context;
  const ours = await loadIdentity(config.tlsDir);
  const authority = await loadAuthority(config.authorityDir, clock);
  assertSameCell(authority, config.process);

  const dataSource = await identityDataSource(config.databaseUrl).initialize();
  opened.defer(() => dataSource.destroy());
  const migrations = await runMigrations(dataSource);
  if (migrations.length > 0) logger.info({ migrations }, 'the schema is up to date');

  const bus = new KafkaEventBus({ brokers: config.kafkaBrokers, clientId: context.incarnation });
  opened.defer(() => bus.close());
  const relay = new OutboxRelay({ url: config.databaseUrl, schema: 'identity', bus, ...observeOutbox(context) });
  relay.start();
  opened.defer(() => relay.stop());

  const graph = composeIdentity({
    cellId,
    transactions: new TransactionRunner(dataSource),
    outbox: new Outbox(),
    identity: ours,
    certificates: { authority, ttlSeconds: config.nodeCertificateTtlSeconds },
    context,
  });
  if (await graph.keyTopic.republishAfterRestore()) logger.info('all keys are published again under the new epoch');
  graph.keyTopic.start();
  opened.defer(() => graph.keyTopic.stop());

  const serve = { access: METHOD_ACCESS, identity: ours, logger, tracer, clock } satisfies Partial<GrpcServerOptions>;
  const server = await startGrpcServer(IdentityModule.of(graph), {
    ...serve,
    bind: config.grpcBind,
    services: [
      identityV1.OrganizationServiceService,
      identityV1.PrincipalServiceService,
      identityV1.ApiKeyServiceService,
      identityV1.TokenServiceService,
      identityV1.RevocationServiceService,
      nodeEnrolment,
    ],
    descriptorSet: Buffer.from(DESCRIPTOR_SET_BASE64.join(''), 'base64'),
  });
  opened.defer(() => server.close());
  const enrolment = await startGrpcServer(EnrolmentModule.of(graph), {
    ...serve,
    bind: config.enrolmentBind,
    services: [{ enrolNode }],
  });
  opened.defer(() => enrolment.close());
  opened.defer(() => graph.revocations.stop());

  const running = opened.move();
  return {
    addresses: {
      grpc: `${config.grpcBind.host}:${server.port}`,
      enrolment: `${config.enrolmentBind.host}:${enrolment.port}`,
    },
    ready: async () => void (await dataSource.query('SELECT 1')),
    stop: () => running.disposeAsync(),
  };
}

/** Records and tokens carry the configured names, certificates the authority's: two cells in one would trust nothing. */
function assertSameCell(authority: CertificateAuthority, { cellId, trustDomain }: ProcessSettings): void {
  if (authority.cellId === cellId && authority.trustDomain === trustDomain) return;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'CELL_MISMATCH',
    `the authority is of cell ${authority.cellId} in ${authority.trustDomain}, the configuration of ${cellId} in ` +
      `${trustDomain}; set OSTRO_CELL_ID and OSTRO_TRUST_DOMAIN to the authority's, or OSTRO_CA_DIR to another`,
  );
}
