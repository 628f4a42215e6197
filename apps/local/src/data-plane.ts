import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cell, CELL_ID, TRUST_DOMAIN } from './cell.ts';
import type { ControlPlane } from './control-plane.ts';
import type { OperatorClient } from './operator-client.ts';
import type { LocalOptions } from './local.config.ts';
import { SupervisedProcess } from './supervised-process.ts';

export interface DataPlane {
  readonly gatewayUrl: string;
  /** Gateway first, so that nothing new arrives while agents stop. */
  stop(): Promise<void>;
}

export interface DataPlaneOptions {
  readonly options: LocalOptions;
  readonly cell: Cell;
  readonly brokers: readonly string[];
  readonly control: ControlPlane;
  readonly organizationId: string;
  readonly operator: OperatorClient;
}

/** A small heap each, collected early: measured by `npm run bench:start` and `bench:request` (docs/benchmarks.md). */
const NODE_OPTIONS = [
  '--max-old-space-size=160',
  '--max-semi-space-size=1',
  '--disable-warning=TimeoutNegativeWarning',
];

/** The parts that carry requests, each a process of its own, as they are in production. */
export async function startDataPlane(setup: DataPlaneOptions): Promise<DataPlane> {
  const runDir = join(setup.options.dataDir, 'run');
  await mkdir(runDir, { recursive: true });
  const processes: SupervisedProcess[] = [];
  const start = async (process: SupervisedProcess) => {
    processes.push(process);
    return process.start();
  };
  const stop = async () => {
    for (const process of processes) await process.stop();
  };
  try {
    const [gateway] = await Promise.all([
      start(gatewayProcess(setup, runDir)),
      agentProcess(setup, runDir, { name: 'node-agent' }).then(start),
      ...(setup.options.simulate === undefined
        ? []
        : [agentProcess(setup, runDir, { name: 'simulated-node', simulate: setup.options.simulate }).then(start)]),
    ]);
    return { gatewayUrl: `http://${gateway['http']}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function gatewayProcess(setup: DataPlaneOptions, runDir: string): SupervisedProcess {
  const { options, cell, control } = setup;
  return new SupervisedProcess({
    name: 'gateway',
    main: mainOf('gateway'),
    runDir,
    nodeOptions: NODE_OPTIONS,
    env: {
      ...sharedEnv(setup),
      OSTRO_TLS_DIR: cell.tlsDir('gateway'),
      OSTRO_HTTP_BIND: `127.0.0.1:${options.gatewayPort}`,
      OSTRO_IDENTITY_ADDRESS: control.addresses['identity']!['grpc']!,
      OSTRO_SCHEDULER_ADDRESS: control.addresses['scheduler']!['grpc']!,
      OSTRO_DATA_DIR: join(options.dataDir, 'gateway'),
    },
  });
}

async function agentProcess(
  setup: DataPlaneOptions,
  runDir: string,
  node: { name: string; simulate?: string },
): Promise<SupervisedProcess> {
  const { options, cell, control } = setup;
  const identityAt = control.addresses['identity']!;
  const agentDir = join(options.dataDir, node.name);
  const joinTokenFile = join(agentDir, 'join-token');
  const caFile = join(agentDir, 'cell-ca.pem');
  await mkdir(agentDir, { recursive: true, mode: 0o700 });
  await writeFile(caFile, cell.operator.caPem);
  // An agent that is enrolled already does not look at the token.
  await writeFile(joinTokenFile, await joinToken(setup), { mode: 0o600 });
  return new SupervisedProcess({
    name: node.name,
    main: mainOf('node-agent'),
    runDir,
    nodeOptions: NODE_OPTIONS,
    env: {
      ...sharedEnv(setup),
      OSTRO_NODE_NAME: node.name === 'node-agent' ? 'local' : node.name,
      OSTRO_DATA_DIR: agentDir,
      // On a laptop nothing is left running; a machine in a rack keeps its model servers over an agent's restart.
      OSTRO_STOP_MODEL_SERVERS: 'true',
      OSTRO_CA_FILE: caFile,
      OSTRO_JOIN_TOKEN_FILE: joinTokenFile,
      OSTRO_IDENTITY_ADDRESS: identityAt['grpc']!,
      OSTRO_IDENTITY_ENROLMENT_ADDRESS: identityAt['enrolment']!,
      OSTRO_SCHEDULER_ADDRESS: control.addresses['scheduler']!['grpc']!,
      ...(node.simulate !== undefined && { OSTRO_SIMULATE: node.simulate }),
    },
  });
}

async function joinToken({ operator, organizationId }: DataPlaneOptions): Promise<string> {
  const site = { siteId: 'local', country: '', operator: 'local', certifications: [] };
  return (await operator.joinToken(organizationId, site, 900n)).joinToken;
}

function sharedEnv({ options, brokers }: DataPlaneOptions): Record<string, string> {
  return {
    OSTRO_CELL_ID: CELL_ID,
    OSTRO_TRUST_DOMAIN: TRUST_DOMAIN,
    OSTRO_KAFKA_BROKERS: brokers.join(','),
    OSTRO_METRICS_BIND: '127.0.0.1:0',
    ...(options.otlpEndpoint !== undefined && { OSTRO_OTLP_ENDPOINT: options.otlpEndpoint }),
  };
}

/** Found by package name, so it works from the clone and from an image alike. */
function mainOf(app: 'gateway' | 'node-agent'): string {
  return fileURLToPath(new URL('main.js', import.meta.resolve(`@ostro/${app}`)));
}
