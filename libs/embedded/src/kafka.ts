import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { randomClusterId } from './cluster-id.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { freePort, tryPort } from './free-port.ts';
import { findJava } from './java.ts';
import { fetchKafkaJars } from './kafka-jars.ts';
import { readKafkaLock } from './kafka-lock.ts';
import { loggingProperties, serverProperties } from './kafka-properties.ts';
import { isKafkaReady } from './kafka-ready.ts';
import { launch, type Launched, logTail, runToEnd } from './launch.ts';
import { commandLineOf, endProcess, isAlive } from './processes.ts';
import type { OnProgress } from './progress.ts';
import { waitUntil } from './wait-until.ts';

const START_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 30_000;

export interface KafkaOptions {
  /** Holds topics, settings, the pid file, the logs and the lock. */
  readonly dataDir: string;
  /** Holds what is downloaded once for all data directories: the jars and, without a Java, a runtime. */
  readonly cacheDir: string;
  /** 0 or absent: the one of the last start when it is free, otherwise any free one. */
  readonly port?: number;
  readonly javaHome?: string;
  readonly mavenRepository?: string;
  readonly onProgress?: OnProgress;
}

export interface EmbeddedKafka {
  readonly brokers: readonly string[];
  readonly pid: number;
  /** Ends the broker in order, so that the next start need not recover. Calling it again does nothing. */
  stop(): Promise<void>;
}

interface Broker {
  readonly pid: number;
  readonly port: number;
  readonly controllerPort: number;
}

interface Installation {
  readonly dataDir: string;
  readonly propertiesFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** What the Java process itself prints: failures before logging works. */
  readonly outputFile: string;
  readonly java: string;
  readonly classpath: string;
  readonly options: KafkaOptions;
}

/**
 * A real Apache Kafka (KRaft, one node) on 127.0.0.1, ready for consumer groups when this resolves. Recovers by
 * itself from a `kill -9` of the broker and of the process that started it (the running broker is taken over).
 * The broker outlives this process unless `stop` is called. Refuses when another process holds `dataDir`.
 */
export async function startKafka(options: KafkaOptions): Promise<EmbeddedKafka> {
  const dataDir = resolve(options.dataDir);
  const lock = await lockDataDirectory(dataDir);
  try {
    const installation = await install(dataDir, options);
    const last = await lastBroker(installation);
    const broker = (await takeOver(installation, last)) ?? (await startBroker(installation, last));
    return handle(installation, broker, lock.release);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function handle(installation: Installation, broker: Broker, release: () => Promise<void>): EmbeddedKafka {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    if (await isBrokerOf(installation, broker.pid)) await endProcess(broker.pid, 'SIGTERM', STOP_WITHIN_MS);
    await release();
  };
  return { pid: broker.pid, brokers: [addressOf(broker)], stop: () => (stopped ??= stop()) };
}

async function install(dataDir: string, options: KafkaOptions): Promise<Installation> {
  const cacheDir = resolve(options.cacheDir);
  const java = await findJava({ ...options, cacheDir });
  const jars = await fetchKafkaJars(await readKafkaLock(), { ...options, cacheDir });
  return {
    dataDir,
    propertiesFile: join(dataDir, 'server.properties'),
    pidFile: join(dataDir, 'broker.json'),
    logFile: join(dataDir, 'kafka.log'),
    outputFile: join(dataDir, 'kafka.out'),
    java,
    classpath: jars.join(delimiter),
    options,
  };
}

/** The broker of an earlier process on the same data, if it still runs and answers on the wanted port. */
async function takeOver(installation: Installation, last: Broker | undefined): Promise<Broker | undefined> {
  if (last === undefined || !(await isBrokerOf(installation, last.pid))) return undefined;
  installation.options.onProgress?.({ step: `Kafka: taking over the running broker ${last.pid}` });
  const wanted = installation.options.port ?? 0;
  if ((wanted === 0 || wanted === last.port) && (await isReady(last, () => isAlive(last.pid)))) return last;
  await endProcess(last.pid, 'SIGTERM', STOP_WITHIN_MS);
  return undefined;
}

async function isBrokerOf(installation: Installation, pid: number): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  const commandLine = await commandLineOf(pid);
  return commandLine === undefined || commandLine.includes(installation.propertiesFile);
}

async function startBroker(installation: Installation, last: Broker | undefined): Promise<Broker> {
  const port = await choosePort(installation.options.port ?? 0, last?.port);
  const controllerPort = await freePort(last?.controllerPort);
  await configure(installation, port, controllerPort);
  installation.options.onProgress?.({ step: 'Kafka: starting the broker' });
  const launched = await launchBroker(installation);
  const broker: Broker = { pid: launched.pid, port, controllerPort };
  await writeFile(installation.pidFile, JSON.stringify(broker));
  if (await isReady(broker, () => Promise.resolve(launched.exitCode() === undefined))) return broker;
  throw await notReady(installation, launched);
}

async function choosePort(wanted: number, last: number | undefined): Promise<number> {
  if (wanted === 0) return freePort(last);
  const port = await tryPort(wanted);
  if (port !== undefined) return port;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'PORT_IN_USE',
    `Port ${wanted} on 127.0.0.1 is taken by another program. Stop it or choose another port for Kafka.`,
    { details: { port: String(wanted) } },
  );
}

/** A data directory is formatted once; the file that says so is written last by the tool. */
async function configure(installation: Installation, port: number, controllerPort: number): Promise<void> {
  const { dataDir, propertiesFile, logFile, options } = installation;
  const logsDir = join(dataDir, 'logs');
  await mkdir(logsDir, { recursive: true });
  await writeFile(propertiesFile, serverProperties({ logsDir, port, controllerPort }));
  await writeFile(join(dataDir, 'log4j2.properties'), loggingProperties(logFile));
  if (await exists(join(logsDir, 'meta.properties'))) return;
  options.onProgress?.({ step: 'Kafka: formatting the data directory' });
  await format(installation, logsDir);
}

async function format(installation: Installation, logsDir: string): Promise<void> {
  const { java, outputFile, dataDir, propertiesFile } = installation;
  await rm(logsDir, { recursive: true });
  const clusterId = randomClusterId();
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile];
  const args = ['-Xmx128m', ...jvmFlags(installation), ...tool];
  const code = await runToEnd(java, args, { logFile: outputFile, cwd: dataDir });
  if (code === 0) return;
  throw new DomainError(
    'INTERNAL',
    'KAFKA_FORMAT_FAILED',
    `Kafka's format tool ended with code ${code}. The end of ${outputFile}:\n${await logTail(outputFile)}`,
    { details: { dataDir } },
  );
}

function launchBroker(installation: Installation): Promise<Launched> {
  const args = ['-Xmx256m', '-Xms128m', ...jvmFlags(installation), 'kafka.Kafka', installation.propertiesFile];
  return launch(installation.java, args, { logFile: installation.outputFile, cwd: installation.dataDir });
}

/** Tuned for a small broker that starts fast, not for peak throughput. */
function jvmFlags({ classpath, dataDir }: Installation): string[] {
  const logging = `-Dlog4j2.configurationFile=${join(dataDir, 'log4j2.properties')}`;
  const tuning = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];
  return [...tuning, '-Dlog4j2.disable.jmx=true', logging, '-cp', classpath];
}

async function isReady(broker: Broker, isRunning: () => Promise<boolean>): Promise<boolean> {
  const outcome = await waitUntil(
    async () => {
      if (!(await isRunning())) return false;
      return (await isKafkaReady([addressOf(broker)])) ? true : undefined;
    },
    { withinMs: START_WITHIN_MS },
  );
  return outcome === true;
}

async function notReady(installation: Installation, launched: Launched): Promise<DomainError> {
  const exitCode = launched.exitCode();
  if (exitCode === undefined) await endProcess(launched.pid, 'SIGTERM', STOP_WITHIN_MS);
  const log = (await exists(installation.logFile)) ? installation.logFile : installation.outputFile;
  const what = exitCode === undefined ? `is not ready after ${START_WITHIN_MS / 1000} s` : `ended with ${exitCode}`;
  return new DomainError('UNAVAILABLE', 'KAFKA_NOT_READY', `Kafka ${what}. The end of ${log}:\n${await logTail(log)}`, {
    details: { dataDir: installation.dataDir },
  });
}

/** `undefined` before the first start, and when a crash cut the file short. */
async function lastBroker({ pidFile }: Installation): Promise<Broker | undefined> {
  if (!(await exists(pidFile))) return undefined;
  try {
    return JSON.parse(await readFile(pidFile, 'utf8')) as Broker;
  } catch {
    return undefined;
  }
}

function addressOf({ port }: Broker): string {
  return `127.0.0.1:${port}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
