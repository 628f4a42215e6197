import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { lockDataDirectory, reservePort } from '@ostro/embedded';
import { prepareCell } from './cell.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type DataPlane, startDataPlane } from './data-plane.ts';
import { ensureDeployment, ensureModel, modelToServe } from './deploy.ts';
import { ensureOwner, writeCredentials } from './first-run.ts';
import { startInfrastructure } from './infrastructure.ts';
import { OperatorClient } from './operator-client.ts';
import type { LocalOptions } from './local.config.ts';
import { type DeploymentView, Management, type ReplicaView } from './management.ts';
import type { Steps } from './steps.ts';

/** A whole Ostro on this machine, with one model ready. */
export interface LocalOstro {
  readonly api: Management;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly metricsAddress: string;
  readonly apiKey: string;
  readonly deployment: DeploymentView;
  readonly replica: ReplicaView;
  stop(): Promise<void>;
}

export interface LocalRun {
  readonly options: LocalOptions;
  readonly steps: Steps;
  readonly onFatal: (error: Error) => void;
}

type Stop = () => Promise<void>;

/**
 * Brings everything up in order; each step finds what an earlier start left and goes on from there. Whatever was
 * started is stopped in reverse, also when a later step fails.
 */
export async function runLocal(run: LocalRun): Promise<LocalOstro> {
  const stops: Stop[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await bringUp(run, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringUp({ options: asked, steps, onFatal }: LocalRun, stops: Stop[]): Promise<Omit<LocalOstro, 'stop'>> {
  const options = await withPorts(asked);
  const lock = await lockDataDirectory(options.dataDir);
  stops.push(() => lock.release());
  const logTo = await openLog(options.dataDir, stops);
  const servers = await startInfrastructure(options, steps);
  stops.push(() => servers.stop());

  const cell = await steps.run('schemas, topics, certificates', () =>
    prepareCell(options.dataDir, servers.databaseUrl, servers.brokers),
  );
  const gatewayUrl = `http://127.0.0.1:${options.gatewayPort}`;
  const control: ControlPlane = await steps.run('control services', () =>
    startControlPlane({
      options,
      cell,
      brokers: servers.brokers,
      packagedModelDir:
        servers.packagedModel === undefined ? join(options.cacheDir, 'models') : dirname(servers.packagedModel),
      gatewayUrl,
      onFatal,
      logTo,
    }),
  );
  stops.push(() => control.stop());

  const operator = new OperatorClient(control.addresses['identity']!['grpc']!, cell.operator);
  stops.push(async () => operator.close());
  const owner = await steps.run('organization, project, key', () => ensureOwner(options.dataDir, operator));
  const apiUrl = `http://${control.addresses['api']!['http']}`;
  await writeCredentials(options.dataDir, {
    apiUrl,
    gatewayUrl,
    apiKey: owner.apiKey,
    organizationId: owner.organizationId,
    projectId: owner.projectId,
  });
  const dataPlane: DataPlane = await steps.run('gateway, node agent', () =>
    startDataPlane({
      options,
      cell,
      brokers: servers.brokers,
      control,
      organizationId: owner.organizationId,
      operator,
    }),
  );
  stops.push(() => dataPlane.stop());

  const api = new Management(apiUrl, owner.apiKey);
  const model = modelToServe(options.model);
  await steps.run(`import ${model.name}`, (report) => ensureModel(api, model, owner.apiKey, apiUrl, report));
  const ready = await steps.run(`deploy ${model.name}`, (report) => ensureDeployment(api, model, report));
  return { api, apiUrl, gatewayUrl, metricsAddress: control.metricsAddress, apiKey: owner.apiKey, ...ready };
}

/** Ports are chosen before anything starts: a taken one is the most common reason why a start fails. */
async function withPorts(options: LocalOptions): Promise<LocalOptions> {
  return {
    ...options,
    gatewayPort: await reservePort(options.gatewayPort, '--gateway-port'),
    apiPort: await reservePort(options.apiPort, '--api-port'),
    metricsPort: await reservePort(options.metricsPort, '--metrics-port'),
  };
}

async function openLog(dataDir: string, stops: Stop[]): Promise<Writable> {
  await mkdir(join(dataDir, 'run'), { recursive: true });
  const log = createWriteStream(join(dataDir, 'run', 'control.log'), { flags: 'a', mode: 0o600 });
  stops.push(() => new Promise((resolve) => log.end(() => resolve())));
  return log;
}
