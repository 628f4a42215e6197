import { schedulingV1 } from '@ostro/contracts';
import type { Condition, DeploymentPhase } from '../domain/condition.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Revision } from './revisions.repository.ts';
import { autoscalingToProto, type Scale, specToProto } from './spec-proto.ts';

const PHASES: Readonly<Record<DeploymentPhase, schedulingV1.DeploymentPhase>> = {
  progressing: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_PROGRESSING,
  ready: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_READY,
  degraded: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_DEGRADED,
  cold: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_COLD,
  deleting: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_DELETING,
};

/** A deployment with what is shown beside it. */
export interface ShownDeployment {
  readonly deployment: Deployment;
  readonly revision: Revision;
  readonly readyReplicas: number;
}

export function deploymentToProto({ deployment, revision, readyReplicas }: ShownDeployment): schedulingV1.Deployment {
  return {
    deploymentId: deployment.id,
    organizationId: deployment.organizationId,
    projectId: deployment.projectId,
    name: deployment.name,
    revision: revisionToProto(revision, deployment),
    generation: deployment.generation,
    observedGeneration: deployment.observedGeneration,
    phase: PHASES[deployment.phase],
    conditions: deployment.conditions.map(conditionToProto),
    readyReplicas,
    endpointId: deployment.endpointId,
    createTime: deployment.createdAt,
    replicas: deployment.replicas,
    autoscaling: autoscalingToProto(deployment.autoscaling),
    scalingDecisionId: deployment.scalingDecisionId ?? '',
  };
}

function revisionToProto(revision: Revision, scale: Scale): schedulingV1.Revision {
  return {
    revisionId: revision.id,
    deploymentId: revision.deploymentId,
    number: revision.number,
    spec: specToProto(revision.spec, revision.asked.model, scale),
    modelDigest: revision.model.digest,
    createTime: revision.createdAt,
  };
}

function conditionToProto({ since, ...condition }: Condition): schedulingV1.Condition {
  return { ...condition, lastTransitionTime: new Date(since) };
}
