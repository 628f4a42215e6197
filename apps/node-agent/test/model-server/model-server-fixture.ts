import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { systemTimer } from '../../src/model-server/timer.ts';
import { LlamaCppRuntime } from '../../src/runtimes/llama-cpp.runtime.ts';
import { ModelServerLauncher } from '../../src/runtimes/model-server-launcher.ts';
import type { ModelServerProcess } from '../../src/runtimes/model-server-process.ts';
import type { ModelServerSpec, Runtime } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated.runtime.ts';

/** A socket's path must stay short, so the directory is directly below the system's. */
export async function aDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'ostro-ms-'));
}

export async function tinyModelFile(directory: string, embedding = false): Promise<string> {
  const path = join(directory, embedding ? 'tiny-embedding.gguf' : 'tiny.gguf');
  await writeFile(path, tinyModel({ seed: 1, embedding }));
  return path;
}

/** A fresh agent's view: nothing is remembered from the runtime that was used before. */
export function runtimes(): { llama: Runtime; simulated: Runtime } {
  const launcher = new ModelServerLauncher(systemTimer);
  return { llama: new LlamaCppRuntime(launcher), simulated: new SimulatedRuntime(launcher) };
}

export function aSpec(directory: string, overrides: Partial<ModelServerSpec> = {}): ModelServerSpec {
  return {
    replicaId: 'replica',
    weightsPath: join(directory, 'tiny.gguf'),
    servedName: 'tiny',
    contextTokens: 8192,
    slots: 2,
    threads: 1,
    embedding: false,
    accelerators: [],
    socketDir: join(directory, 's'),
    logPath: join(directory, 'model-server.log'),
    seed: 1,
    simulated: { prefillTokensPerSecond: 400, decodeMsPerToken: 2, loadMs: 0 },
    ...overrides,
  };
}

export async function ready(server: ModelServerProcess): Promise<void> {
  await eventually(async () => expect(await server.probe()).toMatchObject({ state: 'ready' }), { withinMs: 60_000 });
}

export async function remove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
