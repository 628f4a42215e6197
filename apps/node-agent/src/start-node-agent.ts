import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { KafkaEventBus } from '@ostro/messaging';
import { TrustAnchor } from '@ostro/pki';
import type { Running, Service, ServiceContext } from '@ostro/service-host';
import { ControlStream } from './control/control-stream.ts';
import { DesiredStateFile } from './control/desired-state-file.ts';
import { BackOff } from './control/domain/back-off.ts';
import { NodeReporter } from './control/node-report.ts';
import { Enrolment } from './enrolment/enrolment.ts';
import type { NodeIdentity } from './enrolment/node-identity.ts';
import { WitnessPublisher } from './events/witness-publisher.ts';
import { DataPlaneServer } from './ingress/data-plane-server.ts';
import { isolationSecret } from './ingress/isolation-secret.ts';
import { NodeInventory } from './inventory/inventory.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { systemTimer, type Timer } from './model-server/timer.ts';
import { type NodeAgentConfig, readNodeAgentConfig } from './node-agent.config.ts';
import { ReplicaSupervisor } from './replicas/replica-supervisor.ts';
import { logPathOf } from './replicas/runtime-choice.ts';
import { socketDirectory } from './replicas/socket-directory.ts';
import { LlamaCppRuntime } from './runtimes/llama-cpp.runtime.ts';
import { ModelServerLauncher } from './runtimes/model-server-launcher.ts';
import { bootId } from './runtimes/process-identity.ts';
import { SimulatedRuntime } from './runtimes/simulated.runtime.ts';
import { BlobClient } from './weights/blob-client.ts';
import { WeightCache } from './weights/weight-cache.ts';
import { CursorFile } from './witness/cursor-file.ts';
import { WitnessLog } from './witness/witness-log.ts';

const VERSION = '0.1.0';
/** Answers that run when the agent is told to stop may end within this. */
const STOP_PATIENCE_MS = 15_000;
const CHANCE_STEPS = 1_000_000;

/** One per machine: runs replicas as the scheduler says, and carries gateways' requests to them. */
export const nodeAgent: Service<NodeAgentConfig> = {
  name: 'node-agent',
  readConfig: readNodeAgentConfig,
  start: startNodeAgent,
};

async function startNodeAgent(config: NodeAgentConfig, context: ServiceContext): Promise<Running> {
  const { logger } = context;
  const timer: Timer = { ...systemTimer, ...context.clock };
  const dataDir = resolve(config.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const inventory = new NodeInventory(config.simulate, logger);
  await inventory.look();
  const backOff = new BackOff({ firstMs: 250, mostMs: 10_000 }, () => randomInt(CHANCE_STEPS) / CHANCE_STEPS);
  const enrolment = new Enrolment({ ...config, dataDir }, timer, backOff, logger);
  const identity = await enrolment.open();
  const stopped = new AbortController();

  const replicas = await openReplicas({ config, context, dataDir, identity, timer });
  const witnesses = await openWitnesses({ config, context, dataDir, identity, timer, backOff });
  const metrics = new AgentMetrics(context.metrics);
  const dataPlane = new DataPlaneServer({
    identity,
    supervisor: replicas.supervisor,
    witnesses: witnesses.log,
    isolationSecret: await isolationSecret(join(dataDir, 'isolation.key')),
    timer,
    logger,
    tracer: context.tracer,
    metrics,
  });
  await replicas.supervisor.adoptAll();
  const port = await dataPlane.listen(config.dataPlaneBind);
  const reporter = new NodeReporter(
    {
      agentIncarnation: context.incarnation,
      agentVersion: VERSION,
      nodeName: config.nodeName,
      bootId: await bootId(),
      address: { host: config.advertiseHost, port },
    },
    { inventory, supervisor: replicas.supervisor, weights: replicas.weights, timer },
  );
  const control = new ControlStream({
    schedulerAddress: config.schedulerAddress,
    identity,
    file: replicas.desiredFile,
    reporter,
    backOff,
    timer,
    logger,
    logPathOf: replicas.logPathOf,
    onDesired: replicas.obey,
  });
  replicas.onChange(() => control.reportSoon());
  await control.restore();
  metrics.observe({
    runningRequests: () => replicas.supervisor.replicas.reduce((sum, { runningRequests }) => sum + runningRequests, 0),
    readyReplicas: () => replicas.supervisor.replicas.filter(({ phase }) => phase === 'ready').length,
    publishedWitnesses: () => witnesses.publisher.published,
    isConnected: () => control.isConnected,
  });

  const { signal } = stopped;
  const work = [
    enrolment.renewUntil(signal, identity),
    inventory.lookUntil(signal, timer),
    replicas.supervisor.superviseUntil(signal),
    control.runUntil(signal),
    witnesses.publisher.runUntil(signal),
  ];
  for (const part of work) part.catch((error: unknown) => context.onFatal(error as Error));

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await dataPlane.close(STOP_PATIENCE_MS);
    stopped.abort();
    await Promise.allSettled(work);
    if (config.stopModelServers) await replicas.supervisor.stopAll();
    await witnesses.close();
  };
  return {
    addresses: { dataPlane: `${config.dataPlaneBind.host}:${port}` },
    ready: () => {
      if (!control.held && !control.isConnected) throw neverTold();
    },
    stop: () => (stopping ??= stop()),
  };
}

interface Opening {
  readonly config: NodeAgentConfig;
  readonly context: ServiceContext;
  readonly dataDir: string;
  readonly identity: NodeIdentity;
  readonly timer: Timer;
}

async function openReplicas({ config, context, dataDir, identity, timer }: Opening) {
  const { logger } = context;
  const desiredFile = new DesiredStateFile(join(dataDir, 'desired-state.json'), logger);
  // Known before the cache opens: it must not tidy up what is still wanted.
  const held = await desiredFile.load();
  let blobBaseUrl = held?.blobBaseUrl ?? '';
  let onChange = (): void => undefined;
  let isPinned = (digest: string): boolean => held?.replicas.some((replica) => replica.modelDigest === digest) ?? false;
  const weights = await WeightCache.open(join(dataDir, 'weights'), timer, (digest) => isPinned(digest));
  const launcher = new ModelServerLauncher(timer);
  const paths = { sockets: socketDirectory(dataDir), logs: join(dataDir, 'logs') };
  const supervisor: ReplicaSupervisor = new ReplicaSupervisor(
    {
      timer,
      logger,
      runtimes: {
        llamaCpp: new LlamaCppRuntime(launcher),
        simulated: new SimulatedRuntime(launcher, config.simulatedTiming),
      },
      isSimulatedNode: config.simulate !== undefined,
      weights,
      openBlobs: () => new BlobClient(blobBaseUrl, identity.current),
      paths,
      backOff: new BackOff({ firstMs: 1_000, mostMs: 60_000 }),
    },
    () => onChange(),
  );
  return {
    supervisor,
    weights,
    desiredFile,
    logPathOf: (replicaId: string) => logPathOf(paths, replicaId),
    obey: (desired: NonNullable<typeof held>) => {
      blobBaseUrl = desired.blobBaseUrl;
      isPinned = (digest) => supervisor.isPinned(digest);
      supervisor.obey(desired);
    },
    onChange: (listener: () => void) => {
      onChange = listener;
    },
  };
}

async function openWitnesses(opening: Opening & { readonly backOff: BackOff }) {
  const { config, context, dataDir, identity, timer, backOff } = opening;
  const { logger, ids, incarnation } = context;
  const cellId = new TrustAnchor(identity.current.caPem).cellId;
  const bus = new KafkaEventBus({
    brokers: config.brokers,
    clientId: `node-agent.${identity.nodeId}`,
    log: ({ level, message, fields }) => logger[level](fields, message),
  });
  const log = await WitnessLog.open({
    dir: join(dataDir, 'witness'),
    incarnation,
    cellId,
    nodeId: identity.nodeId,
    clock: timer,
    onError: (error) => logger.error({ err: error }, 'the witness log is damaged or its disk fails'),
  });
  const cursor = new CursorFile(join(dataDir, 'witness.cursor.json'));
  const { nodeId } = identity;
  const publisher = new WitnessPublisher({ log, cursor, bus, ids, nodeId, cellId, timer, backOff, logger });
  const close = async (): Promise<void> => {
    await bus.close();
    await log.close();
  };
  return { log, publisher, close };
}

function neverTold(): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    'SCHEDULER_UNREACHABLE',
    'the scheduler has not been reached since this node was enrolled; check OSTRO_SCHEDULER_ADDRESS',
  );
}
