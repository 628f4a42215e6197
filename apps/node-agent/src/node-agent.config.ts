import { hostname } from 'node:os';
import {
  boolean,
  type Environment,
  type HostPort,
  hostPort,
  integer,
  list,
  path,
  type Read,
  readConfig,
  string,
} from '@ostro/config';
import { type ProcessSettings, processSettings } from '@ostro/service-host';
import type { SimulatedTiming } from './model-server/model-server.config.ts';

export interface NodeAgentConfig {
  readonly process: ProcessSettings;
  readonly identityAddress: HostPort;
  /** Identity's listener for machines that have no certificate yet. */
  readonly enrolmentAddress: HostPort | undefined;
  readonly schedulerAddress: HostPort;
  /** Holds the one-use token; read at the first start only. */
  readonly joinTokenFile: string | undefined;
  /** The cell's authority; read at the first start only. */
  readonly caFile: string | undefined;
  /** Identity, weights, desired state, witness log and sockets of this node. */
  readonly dataDir: string;
  readonly dataPlaneBind: HostPort;
  /** Host that gateways dial. */
  readonly advertiseHost: string;
  /** Accelerators to pretend, such as 8xH100-80GB. */
  readonly simulate: string | undefined;
  /** How fast simulated model servers are. */
  readonly simulatedTiming: SimulatedTiming;
  readonly brokers: readonly string[];
  readonly nodeName: string;
  /** Whether model servers end with the agent; they outlive it otherwise. */
  readonly stopModelServers: boolean;
}

const ANY_HOST = ['0.0.0.0', '::'];

export function nodeAgentSettings(read: Read): NodeAgentConfig {
  const dataPlaneBind = read.defaulted('OSTRO_DATA_PLANE_BIND', hostPort(), { host: '127.0.0.1', port: 0 });
  const reachable = ANY_HOST.includes(dataPlaneBind.host) ? hostname() : dataPlaneBind.host;
  return {
    process: processSettings(read),
    identityAddress: read.required('OSTRO_IDENTITY_ADDRESS', hostPort()),
    enrolmentAddress: read.optional('OSTRO_IDENTITY_ENROLMENT_ADDRESS', hostPort()),
    schedulerAddress: read.required('OSTRO_SCHEDULER_ADDRESS', hostPort()),
    joinTokenFile: read.optional('OSTRO_JOIN_TOKEN_FILE', path()),
    caFile: read.optional('OSTRO_CA_FILE', path()),
    dataDir: read.required('OSTRO_DATA_DIR', path()),
    dataPlaneBind,
    advertiseHost: read.defaulted('OSTRO_ADVERTISE_HOST', string(), reachable),
    simulate: read.optional('OSTRO_SIMULATE', string({ example: '8xH100-80GB' })),
    simulatedTiming: {
      prefillTokensPerSecond: read.defaulted(
        'OSTRO_SIMULATED_PREFILL_TOKENS_PER_SECOND',
        integer({ min: 1, max: 1_000_000_000 }),
        5_000,
      ),
      decodeMsPerToken: read.defaulted('OSTRO_SIMULATED_DECODE_MS', integer({ min: 0, max: 60_000, unit: 'ms' }), 10),
      loadMs: read.defaulted('OSTRO_SIMULATED_LOAD_MS', integer({ min: 0, max: 3_600_000, unit: 'ms' }), 0),
    },
    brokers: read.required('OSTRO_KAFKA_BROKERS', list(string({ example: '127.0.0.1:9092' }))),
    nodeName: read.defaulted('OSTRO_NODE_NAME', string(), hostname()),
    stopModelServers: read.defaulted('OSTRO_STOP_MODEL_SERVERS', boolean(), false),
  };
}

export function readNodeAgentConfig(env: Environment, warn: (message: string) => void = () => {}): NodeAgentConfig {
  return readConfig(env, nodeAgentSettings, { app: 'node-agent', warn });
}
