import { jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityV1 } from '@ostro/contracts';
import { type EmbeddedKafka, startKafka } from '@ostro/embedded';
import { grpcClient } from '@ostro/grpc-host';
import { identity } from '@ostro/identity';
import { loadIdentity } from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { testCacheDir, testPostgres, type TestPostgres } from '@ostro/testing';
import kafkajs from 'kafkajs';
import { parse } from 'yaml';
import { runOperatorCommand } from '../src/operator-commands.ts';
import { readOperatorCommand } from '../src/operator.config.ts';

jest.setTimeout(120_000);

const PASSWORDS = {
  OSTRO_IDENTITY_DATABASE_PASSWORD: 'identity-password',
  OSTRO_REGISTRY_DATABASE_PASSWORD: 'registry-password',
  OSTRO_SCHEDULER_DATABASE_PASSWORD: 'scheduler-password',
  OSTRO_BILLING_DATABASE_PASSWORD: 'billing-password',
};

interface DescribedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

describe('the operator sets up a cell', () => {
  // Its own: on the shared one other suites made some of these topics for themselves.
  let kafka: EmbeddedKafka;
  let brokers: readonly string[];
  let postgres: TestPostgres;
  let adminUrl: string;
  let dir: string;
  let running: Running | undefined;
  let env: Record<string, string>;

  beforeAll(async () => {
    postgres = await testPostgres();
    adminUrl = await postgres.createDatabase('operator');
    dir = await mkdtemp(join(tmpdir(), 'ostro-operator-'));
    kafka = await startKafka({ dataDir: join(dir, 'kafka'), cacheDir: testCacheDir() });
    brokers = kafka.brokers;
    env = {
      ...PASSWORDS,
      OSTRO_DATABASE_ADMIN_URL: adminUrl,
      OSTRO_KAFKA_BROKERS: brokers.join(','),
      OSTRO_IDENTITIES_DIR: join(dir, 'identities'),
      OSTRO_DNS_SUFFIXES: 'ostro.svc',
    };
  });
  afterAll(async () => {
    await running?.stop();
    await Promise.all([postgres.drop(), kafka.stop()]);
    await rm(dir, { recursive: true });
  });

  const operator = async (...argv: string[]): Promise<string> => {
    const lines: string[] = [];
    await runOperatorCommand(readOperatorCommand(argv, env), (line) => lines.push(line));
    return lines.join('\n');
  };

  const startIdentity = async (): Promise<Running> => {
    const url = new URL(adminUrl);
    url.username = 'ostro_identity';
    url.password = PASSWORDS.OSTRO_IDENTITY_DATABASE_PASSWORD;
    const tlsDir = join(dir, 'identities', 'identity');
    const config = identity.readConfig({
      OSTRO_TLS_DIR: tlsDir,
      OSTRO_CA_DIR: tlsDir,
      OSTRO_DATABASE_URL: url.toString(),
      OSTRO_KAFKA_BROKERS: brokers.join(','),
      OSTRO_LOG_LEVEL: 'error',
    });
    const onFatal = (error: Error) => {
      throw error;
    };
    const settings = config.process;
    return identity.start(config, openServiceContext({ service: 'identity', version: 'test', settings, onFatal }));
  };

  it('prepares what every service needs, and changes nothing the second time', async () => {
    expect(await operator('prepare')).toContain('new for identity, registry');
    const certificate = await readFile(join(dir, 'identities/registry/tls.pem'), 'utf8');
    expect((await readdir(join(dir, 'identities'))).sort()).toContain('gateway');
    expect(await operator('prepare')).toContain('all valid');
    expect(await readFile(join(dir, 'identities/registry/tls.pem'), 'utf8')).toBe(certificate);
  });

  it('creates the topics that deploy/kafka/topics.yaml lists, as it lists them', async () => {
    await operator('topics');
    const listed = parse(await readFile('deploy/kafka/topics.yaml', 'utf8')) as { topics: DescribedTopic[] };
    const admin = new kafkajs.Kafka({ clientId: 'operator-test', brokers: [...brokers], logLevel: 0 }).admin();
    await admin.connect();
    try {
      for (const { name, partitions, config } of listed.topics) {
        const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
        expect([name, topics[0]?.partitions.length]).toEqual([name, partitions]);
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: Object.keys(config) }],
        });
        const found = Object.fromEntries(
          resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]),
        );
        expect([name, found]).toEqual([name, config]);
      }
    } finally {
      await admin.disconnect();
    }
  });

  it('founds an organization whose key is shown once, and lets one node join it', async () => {
    await operator('prepare');
    running = await startIdentity();
    env['OSTRO_IDENTITY_ADDRESS'] = running.addresses['grpc']!;

    const first = await operator('create-organization', 'acme');
    expect(first).toMatch(/: ostro_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}$/);
    const organizationId = /org_\w+/.exec(first)![0];
    const second = await operator('create-organization', 'acme');
    expect(second).toContain(organizationId);
    expect(second).not.toMatch(/ostro_[0-9A-Za-z]{30}/);

    const outDir = join(dir, 'join');
    await operator(
      'join-token',
      '--organization',
      organizationId,
      '--site',
      'rack-1',
      '--country',
      'DE',
      '--out',
      outDir,
    );
    expect((await stat(join(outDir, 'join-token'))).mode & 0o777).toBe(0o600);
    const caPem = await readFile(join(outDir, 'cell-ca.pem'), 'utf8');
    expect(caPem).toBe((await loadIdentity(join(dir, 'identities/operator'))).caPem);

    const enrolment = grpcClient(identityV1.NodeEnrolmentServiceService, {
      address: running.addresses['enrolment']!,
      identity: { caPem },
      expectedService: 'identity',
    });
    const joinToken = await readFile(join(outDir, 'join-token'), 'utf8');
    const refused = enrolment.enrolNode({ joinToken, csrPem: 'not a request', nodeName: 'n' });
    // The token was accepted: what is refused is the request for a certificate.
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    enrolment.close();
  });

  it('says which variables are missing before it does anything', () => {
    expect(() => readOperatorCommand(['prepare'], {})).toThrow(/OSTRO_DATABASE_ADMIN_URL is not set/);
    expect(() => readOperatorCommand(['join-token', '--site', 'a'], {})).toThrow(/--organization is missing/);
    expect(() => readOperatorCommand(['found'], {})).toThrow(/usage: operator COMMAND/);
  });
});
