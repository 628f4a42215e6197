import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Environment, describeConfig } from '@ostro/config';
import { isDomainError } from '@ostro/kernel';
import { startMetricsServer } from '@ostro/telemetry';
import type { ProcessSettings } from './process-settings.ts';
import { openServiceContext, type OwnedServiceContext } from './service-context.ts';
import type { Running, Service } from './service.ts';

/** Exit statuses, from sysexits.h where it has a word for it. */
const EXIT = { ok: 0, failed: 1, addressTaken: 69, badConfig: 78 } as const;

const STOP_WITHIN_MS = 30_000;

/**
 * The whole of a service's `main.ts`: read the configuration, start, tell that it is ready, wait for a signal, stop.
 * A configuration that is wrong stops the process before anything is started, with the names of the variables.
 */
export async function runService<C extends { readonly process: ProcessSettings }>(
  service: Service<C>,
  env: Environment,
): Promise<void> {
  const config = readConfigOrExit(service, env);
  const stop = { requested: false, run: async () => {} };
  const end = (status: number) => {
    if (stop.requested) process.exit(status);
    stop.requested = true;
    // A stop that hangs must not keep a dead service in the way of its successor.
    setTimeout(() => process.exit(status || EXIT.failed), STOP_WITHIN_MS).unref();
    void stop.run().finally(() => process.exit(status));
  };
  const context = openServiceContext({
    service: service.name,
    version: env['npm_package_version'] ?? '0.1.0',
    settings: config.process,
    onFatal: (error) => {
      context.logger.fatal({ err: error }, 'stopping: only a restart can mend this');
      end(EXIT.failed);
    },
  });
  process.on('SIGTERM', () => end(EXIT.ok));
  process.on('SIGINT', () => end(EXIT.ok));
  context.logger.info({ config: describeConfig(config).split('\n') }, 'starting');
  try {
    stop.run = await startAll(service, config, context);
  } catch (error) {
    context.logger.fatal({ err: error }, error instanceof Error ? error.message : 'cannot start');
    await context.close();
    process.exit(isDomainError(error) && error.reason === 'ADDRESS_IN_USE' ? EXIT.addressTaken : EXIT.failed);
  }
}

function readConfigOrExit<C extends { readonly process: ProcessSettings }>(service: Service<C>, env: Environment): C {
  try {
    return service.readConfig(env, (message) => process.stderr.write(`${service.name}: ${message}\n`));
  } catch (error) {
    process.stderr.write(`${service.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT.badConfig);
  }
}

/** Starts the service and its metrics page; the answer stops both. */
async function startAll<C extends { readonly process: ProcessSettings }>(
  service: Service<C>,
  config: C,
  context: OwnedServiceContext,
): Promise<() => Promise<void>> {
  const running = await service.start(config, context);
  const addresses: Record<string, string> = { ...running.addresses };
  const page = await metricsPage(config.process, context, running);
  if (page) addresses['metrics'] = page.address;
  if (config.process.readyFile !== undefined) await writeReadyFile(config.process.readyFile, addresses);
  context.logger.info({ addresses }, 'ready');
  return async () => {
    context.logger.info('stopping');
    await running.stop();
    await page?.close();
    context.logger.info('stopped');
    await context.close();
  };
}

async function metricsPage(settings: ProcessSettings, context: OwnedServiceContext, running: Running) {
  const { metricsBind } = settings;
  if (metricsBind === undefined) return undefined;
  const server = await startMetricsServer({
    ...metricsBind,
    registries: [context.metrics.registry],
    readiness: { service: () => running.ready?.() },
  });
  return { address: `${metricsBind.host}:${server.port}`, close: () => server.close() };
}

/** Written beside and renamed, so that a reader sees all of it or nothing. */
async function writeReadyFile(file: string, addresses: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, `${JSON.stringify({ pid: process.pid, addresses })}\n`);
  await rename(beside, file);
}
