import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { nodeV1, schedulingV1, TOPICS, usageV1 } from '@ostro/contracts';
import { randomIds, systemClock } from '@ostro/kernel';
import { createTopics, KafkaEventBus } from '@ostro/messaging';
import { tinyModel } from '@ostro/model-formats';
import {
  type CertificateAuthority,
  loadAuthority,
  loadTlsIdentity,
  mintServiceIdentities,
  tlsIdentity,
} from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { eventually, testKafka } from '@ostro/testing';
import { nodeAgent } from '../src/start-node-agent.ts';
import { BlobServer } from './blob-server.ts';
import { GatewayClient } from './gateway-client.ts';
import { ScriptedIdentity, ScriptedScheduler } from './scripted-control.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const { ReplicaPhase, RuntimeKind } = schedulingV1;

/** Everything around one node agent: the cell's certificates, a scheduler, identity, a registry and Kafka. */
export class TestCell {
  readonly ids = randomIds;
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly scheduler: ScriptedScheduler & { readonly address: string };
  readonly identity: ScriptedIdentity & { readonly address: string };
  readonly blobs: BlobServer;
  #generation = 0n;
  #agent: Running | undefined;

  private constructor(parts: Pick<TestCell, 'dir' | 'authority' | 'scheduler' | 'identity' | 'blobs'>) {
    this.dir = parts.dir;
    this.authority = parts.authority;
    this.scheduler = parts.scheduler;
    this.identity = parts.identity;
    this.blobs = parts.blobs;
  }

  static async open(): Promise<TestCell> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-agent-'));
    await mintServiceIdentities(dir, ['identity', 'scheduler', 'registry'], { ...CELL, clock: systemClock });
    const authority = await loadAuthority(join(dir, 'identity'), systemClock);
    const of = (service: string) => loadTlsIdentity(join(dir, service));
    const { name, partitions } = TOPICS.usageAttempt;
    await createTopics({ brokers: testKafka().brokers, clientId: 'test' }, [
      { name, partitions, cleanupPolicy: 'delete' },
    ]);
    return new TestCell({
      dir,
      authority,
      scheduler: await ScriptedScheduler.start(await of('scheduler')),
      identity: await ScriptedIdentity.start(await of('identity'), authority, randomIds),
      blobs: await BlobServer.start(await of('registry')),
    });
  }

  get nodeId(): string {
    return this.identity.nodeId;
  }

  get agentDir(): string {
    return join(this.dir, 'agent');
  }

  /** Settings of an agent with a fresh join token. */
  async env(overrides: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
    const token = randomBytes(8).toString('hex');
    this.identity.addToken(token);
    await writeFile(join(this.dir, 'join-token'), `${token}\n`);
    return {
      OSTRO_TRUST_DOMAIN: CELL.trustDomain,
      OSTRO_LOG_LEVEL: 'error',
      OSTRO_IDENTITY_ADDRESS: this.identity.address,
      OSTRO_IDENTITY_ENROLMENT_ADDRESS: this.identity.address,
      OSTRO_SCHEDULER_ADDRESS: this.scheduler.address,
      OSTRO_JOIN_TOKEN_FILE: join(this.dir, 'join-token'),
      OSTRO_CA_FILE: join(this.dir, 'identity', 'ca.pem'),
      OSTRO_DATA_DIR: this.agentDir,
      OSTRO_KAFKA_BROKERS: testKafka().brokers.join(','),
      OSTRO_NODE_NAME: 'test-node',
      OSTRO_STOP_MODEL_SERVERS: '1',
      ...overrides,
    };
  }

  /** What agents in this process log, line by line. */
  readonly log: string[] = [];

  async startAgent(overrides: Readonly<Record<string, string>> = {}): Promise<void> {
    const config = nodeAgent.readConfig(await this.env({ OSTRO_LOG_LEVEL: 'warn', ...overrides }));
    const context = openServiceContext({
      service: nodeAgent.name,
      version: 'test',
      settings: config.process,
      logTo: { write: (line: string) => void this.log.push(line) },
      onFatal: (error) => {
        throw error;
      },
    });
    this.#agent = await nodeAgent.start(config, context);
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  get port(): number {
    const { address } = this.scheduler.lastReport.address ?? {};
    if (address?.$case !== 'direct') throw new Error('the agent told no address');
    return address.direct.port;
  }

  /** A tiny model in the registry, and a replica of it. */
  aReplica(overrides: Partial<nodeV1.DesiredReplica> = {}): nodeV1.DesiredReplica {
    const file = this.blobs.add(
      'tiny.gguf',
      Buffer.from(tinyModel({ seed: 1, embedding: overrides.embedding ?? false })),
    );
    return nodeV1.DesiredReplica.fromPartial({
      replicaId: this.ids('rep'),
      deploymentId: this.ids('dep'),
      organizationId: this.ids('org'),
      fencingToken: 1n,
      goal: nodeV1.ReplicaGoal.REPLICA_GOAL_RUN,
      runtime: RuntimeKind.RUNTIME_KIND_SIMULATED,
      modelDigest: `sha256:${Buffer.from(file.sha256).toString('hex')}`,
      manifest: { files: [file] },
      cpuMilli: 1_000,
      concurrency: 2,
      contextTokens: 2_048,
      servedName: 'tiny',
      gatewayGroups: ['default'],
      ...overrides,
    });
  }

  /** The next generation of the desired state. */
  want(...replicas: nodeV1.DesiredReplica[]): void {
    this.#generation += 1n;
    this.scheduler.say(this.state(this.#generation, replicas));
  }

  state(generation: bigint, replicas: nodeV1.DesiredReplica[]): nodeV1.DesiredState {
    return { nodeId: this.nodeId, epoch: 1n, generation, replicas, blobBaseUrl: this.blobs.url };
  }

  async phase(replicaId: string, phase: keyof typeof ReplicaPhase): Promise<nodeV1.ObservedReplica> {
    return eventually(
      () => {
        const replica = this.scheduler.replica(replicaId);
        const told = replica && `${ReplicaPhase[replica.phase]} ${replica.reason} ${replica.message}`;
        expect(told).toContain(`REPLICA_PHASE_${phase.replace('REPLICA_PHASE_', '')}`);
        return replica!;
      },
      { withinMs: 60_000 },
    );
  }

  async ready(...replicas: nodeV1.DesiredReplica[]): Promise<void> {
    this.want(...replicas);
    for (const { replicaId } of replicas) await this.phase(replicaId, 'REPLICA_PHASE_READY');
  }

  async gateway(group = 'default'): Promise<GatewayClient> {
    const { certPem, keyPem } = await this.authority.issueGateway({ group, ttlMs: 3_600_000 });
    const identity = tlsIdentity({ caPem: this.authority.certPem, certPem, keyPem });
    return new GatewayClient(identity, this.nodeId, this.port, this.ids);
  }

  /** Witnesses of this node as they arrive on Kafka. */
  async witnesses(): Promise<{
    all: usageV1.AttemptWitnessed[];
    of(requestId: string): Promise<usageV1.AttemptWitnessed>;
    stop(): Promise<void>;
  }> {
    const bus = new KafkaEventBus({ brokers: testKafka().brokers, clientId: 'test' });
    const all: usageV1.AttemptWitnessed[] = [];
    const subscription = bus.subscribe({
      group: this.ids('evt'),
      topics: [TOPICS.usageAttempt.name],
      onCrash: (error) => {
        throw error;
      },
      handler: async ({ records }) => {
        for (const record of records) {
          const witnesses = witnessesOf(record.value);
          all.push(...witnesses.filter(({ nodeId }) => nodeId === this.nodeId));
        }
      },
    });
    const of = (requestId: string): Promise<usageV1.AttemptWitnessed> =>
      eventually(
        () => {
          const found = all.find((witness) => witness.requestId === requestId);
          expect(found).toBeDefined();
          return found!;
        },
        { withinMs: 30_000 },
      );
    const stop = async (): Promise<void> => {
      await subscription.stop();
      await bus.close();
    };
    return { all, of, stop };
  }

  async close(): Promise<void> {
    await this.stopAgent();
    this.scheduler.close();
    this.identity.close();
    await this.blobs.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Suites share the topics, and billing's leave records on purpose that are no batch. */
function witnessesOf(value: Uint8Array): usageV1.AttemptWitnessed[] {
  try {
    return usageV1.WitnessBatch.decode(value).witnesses;
  } catch {
    return [];
  }
}
