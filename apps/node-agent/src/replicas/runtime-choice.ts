import { join } from 'node:path';
import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import type { ModelServerSpec, Runtime } from '../runtimes/runtime.ts';
import { mainGguf, weightFiles, type WeightFile } from '../weights/manifest-files.ts';

const { RuntimeKind } = schedulingV1;

export interface Runtimes {
  readonly llamaCpp: Runtime;
  readonly simulated: Runtime;
}

/** Directories a model server is given. */
export interface ReplicaPaths {
  readonly sockets: string;
  readonly logs: string;
}

/** The engine of a replica. @throws DomainError INVALID_ARGUMENT (RUNTIME_NOT_AVAILABLE) */
export function runtimeOf(desired: nodeV1.DesiredReplica, isSimulatedNode: boolean, runtimes: Runtimes): Runtime {
  switch (desired.runtime) {
    case RuntimeKind.RUNTIME_KIND_LLAMA_CPP:
      return runtimes.llamaCpp;
    case RuntimeKind.RUNTIME_KIND_SIMULATED:
      return runtimes.simulated;
    case RuntimeKind.RUNTIME_KIND_UNSPECIFIED:
      return isSimulatedNode ? runtimes.simulated : runtimes.llamaCpp;
    default:
      throw new DomainError(
        'INVALID_ARGUMENT',
        'RUNTIME_NOT_AVAILABLE',
        'this node can run llama.cpp and the simulated runtime only; deploy with one of them',
      );
  }
}

/** What has to be on disk before the runtime starts; a simulated one reads nothing. */
export function neededFiles(desired: nodeV1.DesiredReplica, runtime: Runtime): WeightFile[] {
  return runtime.name === 'simulated' ? [] : weightFiles(desired.manifest);
}

export function modelServerSpec(
  desired: nodeV1.DesiredReplica,
  weights: { readonly directory: string; readonly files: readonly WeightFile[] },
  paths: ReplicaPaths,
): ModelServerSpec {
  return {
    replicaId: desired.replicaId,
    weightsPath: weights.files.length === 0 ? '' : join(weights.directory, mainGguf(weights.files)),
    servedName: desired.servedName,
    contextTokens: desired.contextTokens,
    slots: desired.concurrency,
    threads: Math.max(1, Math.floor(desired.cpuMilli / 1_000)),
    embedding: desired.embedding,
    accelerators: desired.acceleratorIds,
    socketDir: paths.sockets,
    logPath: logPathOf(paths, desired.replicaId),
  };
}

export function logPathOf(paths: ReplicaPaths, replicaId: string): string {
  return join(paths.logs, `${replicaId}.log`);
}
