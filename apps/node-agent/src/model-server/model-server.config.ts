import { parseArgs } from 'node:util';
import { DomainError } from '@ostro/kernel';

export interface SimulatedTiming {
  readonly prefillTokensPerSecond: number;
  readonly decodeMsPerToken: number;
  readonly loadMs: number;
}

export type Listen =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'port'; readonly host: string; readonly port: number; readonly key: string };

export interface ModelServerConfig {
  readonly engine: 'llama-cpp' | 'simulated';
  readonly modelPath: string;
  readonly servedName: string;
  readonly contextTokens: number;
  readonly slots: number;
  readonly queue: number;
  readonly threads: number;
  readonly embedding: boolean;
  readonly seed: number;
  readonly timing: SimulatedTiming;
  readonly listen: Listen;
  readonly nonce: string;
  readonly drainDeadlineMs: number;
  readonly writeStallMs: number;
}

/** The nonce and the key travel in the environment: arguments can be read by every user of the machine. */
export const NONCE_VARIABLE = 'OSTRO_MODEL_SERVER_NONCE';
export const KEY_VARIABLE = 'OSTRO_MODEL_SERVER_KEY';

const OPTIONS = {
  engine: { type: 'string', default: 'llama-cpp' },
  'model-path': { type: 'string', default: '' },
  'served-name': { type: 'string' },
  'context-tokens': { type: 'string', default: '4096' },
  slots: { type: 'string', default: '1' },
  queue: { type: 'string', default: '4' },
  threads: { type: 'string', default: '1' },
  embedding: { type: 'boolean', default: false },
  seed: { type: 'string', default: '0' },
  'prefill-tokens-per-second': { type: 'string', default: '5000' },
  'decode-ms-per-token': { type: 'string', default: '10' },
  'load-ms': { type: 'string', default: '0' },
  socket: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string', default: '0' },
  'drain-deadline-ms': { type: 'string', default: '600000' },
  'write-stall-ms': { type: 'string', default: '30000' },
} as const;

/** @throws DomainError INVALID_ARGUMENT (BAD_ARGUMENTS) naming the argument or variable. */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ModelServerConfig {
  const values = parse(args);
  const number = (name: keyof typeof OPTIONS, least: number): number => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= least) return value;
    throw badArgument(`--${name} must be a number of at least ${least}`);
  };
  const engine = values.engine;
  if (engine !== 'llama-cpp' && engine !== 'simulated')
    throw badArgument("--engine must be 'llama-cpp' or 'simulated'");
  if (engine === 'llama-cpp' && values['model-path'] === '') throw badArgument('--model-path is required');
  if (!values['served-name']) throw badArgument('--served-name is required');
  return {
    engine,
    modelPath: values['model-path'],
    servedName: values['served-name'],
    contextTokens: number('context-tokens', 16),
    slots: number('slots', 1),
    queue: number('queue', 0),
    threads: number('threads', 1),
    embedding: values.embedding,
    seed: number('seed', 0),
    timing: {
      prefillTokensPerSecond: number('prefill-tokens-per-second', 1),
      decodeMsPerToken: number('decode-ms-per-token', 0),
      loadMs: number('load-ms', 0),
    },
    listen: readListen(values, number('port', 0), env),
    nonce: readNonce(env),
    drainDeadlineMs: number('drain-deadline-ms', 0),
    writeStallMs: number('write-stall-ms', 1),
  };
}

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw badArgument(error instanceof Error ? error.message : String(error));
  }
}

function readListen(values: Values, port: number, env: NodeJS.ProcessEnv): Listen {
  if ((values.socket === undefined) === (values.host === undefined))
    throw badArgument('give either --socket, or --host with --port');
  if (values.socket !== undefined) return { kind: 'socket', path: values.socket };
  const key = env[KEY_VARIABLE];
  if (!key) throw badArgument(`${KEY_VARIABLE} is required with --host: a port is open to every user of the machine`);
  return { kind: 'port', host: values.host ?? '', port, key };
}

function readNonce(env: NodeJS.ProcessEnv): string {
  const nonce = env[NONCE_VARIABLE] ?? '';
  if (/^[0-9a-f]{32,}$/.test(nonce)) return nonce;
  throw badArgument(`${NONCE_VARIABLE} must hold at least 32 hex digits`);
}

function badArgument(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'BAD_ARGUMENTS', message);
}
