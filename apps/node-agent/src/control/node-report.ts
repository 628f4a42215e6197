import { readFile } from 'node:fs/promises';
import { nodeV1, schedulingV1 } from '@ostro/contracts';
import type { Timer } from '../model-server/timer.ts';
import type { NodeInventory } from '../inventory/inventory.ts';
import type { Phase } from '../replicas/domain/replica-decision.ts';
import type { Replica } from '../replicas/replica.ts';
import type { ReplicaSupervisor } from '../replicas/replica-supervisor.ts';
import type { WeightCache } from '../weights/weight-cache.ts';

const { ReplicaPhase } = schedulingV1;

const PHASES: Readonly<Record<Phase, schedulingV1.ReplicaPhase>> = {
  placed: ReplicaPhase.REPLICA_PHASE_PLACED,
  pulling: ReplicaPhase.REPLICA_PHASE_PULLING,
  loading: ReplicaPhase.REPLICA_PHASE_LOADING,
  ready: ReplicaPhase.REPLICA_PHASE_READY,
  draining: ReplicaPhase.REPLICA_PHASE_DRAINING,
  stopped: ReplicaPhase.REPLICA_PHASE_STOPPED,
  failed: ReplicaPhase.REPLICA_PHASE_FAILED,
};

/** What stays the same while the agent runs. */
export interface NodeFacts {
  readonly agentIncarnation: string;
  readonly agentVersion: string;
  readonly nodeName: string;
  readonly bootId: string;
  readonly address: schedulingV1.DirectAddress;
}

/** Says the whole truth about this node, each time. */
export class NodeReporter {
  readonly #facts: NodeFacts;
  readonly #inventory: NodeInventory;
  readonly #supervisor: ReplicaSupervisor;
  readonly #weights: WeightCache;
  readonly #timer: Timer;

  constructor(
    facts: NodeFacts,
    parts: {
      readonly inventory: NodeInventory;
      readonly supervisor: ReplicaSupervisor;
      readonly weights: WeightCache;
      readonly timer: Timer;
    },
  ) {
    this.#facts = facts;
    this.#inventory = parts.inventory;
    this.#supervisor = parts.supervisor;
    this.#weights = parts.weights;
    this.#timer = parts.timer;
  }

  async report(held: nodeV1.DesiredState | undefined): Promise<nodeV1.NodeReport> {
    const { address, ...facts } = this.#facts;
    return {
      ...facts,
      heldEpoch: held?.epoch ?? 0n,
      heldGeneration: held?.generation ?? 0n,
      inventory: { ...this.#inventory.capacity, cachedModelDigests: this.#weights.digests },
      replicas: await Promise.all(this.#supervisor.replicas.map(observed)),
      address: { address: { $case: 'direct', direct: address } },
      clockTime: this.#timer.now(),
    };
  }
}

async function observed(replica: Replica): Promise<nodeV1.ObservedReplica> {
  const { progress, failure, process } = replica;
  return {
    replicaId: replica.id,
    fencingToken: replica.desired?.fencingToken ?? 0n,
    phase: PHASES[replica.phase],
    reason: failure?.reason ?? '',
    message: failure?.message ?? '',
    lastLogLines: [...(failure?.lastLogLines ?? [])],
    restartCount: progress.restarts,
    runningRequests: replica.runningRequests,
    begunRequests: BigInt(replica.begunRequests),
    memoryBytes: process ? await residentBytes(process.record.pid) : 0n,
    pulledBytes: BigInt(progress.pulledBytes),
    totalBytes: BigInt(progress.totalBytes),
    pullMs: progress.pullMs,
    loadMs: progress.loadMs,
    adopted: replica.isAdopted,
  };
}

/** 0 where the kernel does not tell, or the process has just ended. */
async function residentBytes(pid: number): Promise<bigint> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return BigInt(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024n;
}
