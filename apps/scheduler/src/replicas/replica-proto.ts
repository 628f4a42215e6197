import { schedulingV1 } from '@ostro/contracts';
import type { ObservedPhase, Replica, ReplicaPhase } from '../domain/replica.ts';

const { ReplicaPhase: Phase } = schedulingV1;

const PHASES: Readonly<Record<ReplicaPhase, schedulingV1.ReplicaPhase>> = {
  pending: Phase.REPLICA_PHASE_PENDING,
  placed: Phase.REPLICA_PHASE_PLACED,
  pulling: Phase.REPLICA_PHASE_PULLING,
  loading: Phase.REPLICA_PHASE_LOADING,
  ready: Phase.REPLICA_PHASE_READY,
  draining: Phase.REPLICA_PHASE_DRAINING,
  stopped: Phase.REPLICA_PHASE_STOPPED,
  failed: Phase.REPLICA_PHASE_FAILED,
};

const OBSERVED: Readonly<Partial<Record<schedulingV1.ReplicaPhase, ObservedPhase>>> = {
  [Phase.REPLICA_PHASE_PULLING]: 'pulling',
  [Phase.REPLICA_PHASE_LOADING]: 'loading',
  [Phase.REPLICA_PHASE_READY]: 'ready',
  [Phase.REPLICA_PHASE_DRAINING]: 'draining',
  [Phase.REPLICA_PHASE_STOPPED]: 'stopped',
  [Phase.REPLICA_PHASE_FAILED]: 'failed',
};

export function phaseToProto(phase: ReplicaPhase): schedulingV1.ReplicaPhase {
  return PHASES[phase];
}

/** A phase that says nothing yet, or that a newer agent invented, means that the replica has its place and no more. */
export function phaseFromProto(phase: schedulingV1.ReplicaPhase): ObservedPhase {
  return OBSERVED[phase] ?? 'placed';
}

export function replicaToProto(replica: Replica): schedulingV1.Replica {
  return {
    replicaId: replica.id,
    deploymentId: replica.deploymentId,
    revisionId: replica.revisionId,
    nodeId: replica.nodeId ?? '',
    acceleratorIds: [...replica.acceleratorIds],
    phase: phaseToProto(replica.phase),
    reason: replica.reason,
    message: replica.message,
    lastLogLines: [...replica.lastLogLines],
    restartCount: replica.restartCount,
    createTime: replica.createdAt,
    phaseTime: replica.phaseAt,
    decisionId: replica.decisionId ?? '',
  };
}
