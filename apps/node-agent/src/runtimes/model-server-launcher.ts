import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@ostro/kernel';
import { NONCE_VARIABLE } from '../model-server/model-server.config.ts';
import type { Timer } from '../model-server/timer.ts';
import { type ChildEnd, endOf, ModelServerProcess } from './model-server-process.ts';
import { probeSocket } from './probe.ts';
import { carriesNonce, identify, isAlive } from './process-identity.ts';
import { type ProcessRecord, processRecord, type RuntimeName, saveRecord } from './process-record.ts';
import type { ModelServerSpec } from './runtime.ts';

const PROBE_TIMEOUT_MS = 2_000;

/** Starts and re-adopts the processes of every runtime whose model server is our own. */
export class ModelServerLauncher {
  readonly #timer: Timer;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  async start(runtime: RuntimeName, spec: ModelServerSpec): Promise<ModelServerProcess> {
    const socketPath = join(spec.socketDir, `${spec.replicaId}.sock`);
    const nonce = randomBytes(32).toString('hex');
    await mkdir(spec.socketDir, { recursive: true, mode: 0o700 });
    await chmod(spec.socketDir, 0o700);
    await mkdir(dirname(spec.logPath), { recursive: true, mode: 0o700 });
    const { pid, ended } = await spawnDetached(
      argumentsFor(runtime, spec, socketPath),
      environmentFor(spec, nonce),
      spec,
    );
    const identity = (await identify(pid)) ?? { bootId: '', pid, startTicks: '' };
    const { replicaId, servedName, logPath } = spec;
    const record = processRecord({ ...identity, runtime, replicaId, servedName, nonce, socketPath, logPath });
    await saveRecord(spec.socketDir, record);
    return ModelServerProcess.born(record, ended, this.#timer);
  }

  async adopt(record: ProcessRecord): Promise<ModelServerProcess | undefined> {
    if (!(await isAlive(record)) || !(await carriesNonce(record.pid, record.nonce))) return undefined;
    const { state } = await probeSocket(record.socketPath, record.nonce, PROBE_TIMEOUT_MS);
    if (state === 'foreign' || state === 'unreachable') return undefined;
    return ModelServerProcess.adopted(record, this.#timer);
  }
}

/** Own session, no input, output to the log: nothing ties it to the life of the agent. No core dumps: they hold prompts. */
async function spawnDetached(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { logPath }: ModelServerSpec,
): Promise<{ pid: number; ended: Promise<ChildEnd> }> {
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec "$0" "$@"', process.execPath, ...args], {
      detached: true,
      env,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = endOf(child);
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return { pid: child.pid!, ended };
  } catch (error) {
    const message = 'the model server process cannot be created; see the cause and the limits of the machine';
    throw new DomainError('FAILED_PRECONDITION', 'SPAWN_FAILED', message, { cause: error });
  } finally {
    await log.close();
  }
}

/** From sources the child runs from sources too: Node strips the types, and this entry uses no decorators. */
function entry(): readonly string[] {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(`../model-server.main.${fromSource ? 'ts' : 'js'}`, import.meta.url));
  return fromSource ? ['--conditions=@ostro/source', '--disable-warning=ExperimentalWarning', file] : [file];
}

function argumentsFor(runtime: RuntimeName, spec: ModelServerSpec, socketPath: string): string[] {
  const options: Record<string, string | number | undefined> = {
    engine: runtime,
    'model-path': runtime === 'llama-cpp' ? spec.weightsPath : undefined,
    'served-name': spec.servedName,
    'context-tokens': spec.contextTokens,
    slots: spec.slots,
    threads: spec.threads,
    seed: spec.seed,
    socket: socketPath,
    'prefill-tokens-per-second': spec.simulated?.prefillTokensPerSecond,
    'decode-ms-per-token': spec.simulated?.decodeMsPerToken,
    'load-ms': spec.simulated?.loadMs,
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [
    ...entry(),
    ...given.map(([name, value]) => `--${name}=${value}`),
    ...(spec.embedding ? ['--embedding'] : []),
  ];
}

/** Nothing of the agent's own environment: it holds the agent's secrets. */
function environmentFor(spec: ModelServerSpec, nonce: string): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    [NONCE_VARIABLE]: nonce,
    CUDA_VISIBLE_DEVICES: spec.accelerators.join(','),
  };
}
