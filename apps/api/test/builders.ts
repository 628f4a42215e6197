import { registryV1, schedulingV1 } from '@ostro/contracts';

interface DeploymentWords {
  readonly name?: string;
  readonly generation?: bigint;
  readonly accelerators?: schedulingV1.AcceleratorRequirement;
  readonly autoscaling?: schedulingV1.ScalingPolicy;
}

export function aDeployment({ name = 'chat', generation = 3n, accelerators, autoscaling }: DeploymentWords = {}) {
  return schedulingV1.Deployment.fromPartial({
    deploymentId: `dep_${'1'.repeat(32)}`,
    name,
    generation,
    replicas: 1,
    ...(autoscaling && { autoscaling }),
    phase: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_READY,
    revision: {
      number: 1,
      spec: { model: 'tiny', replicas: 1, concurrency: 8, ...(accelerators && { accelerators }) },
    },
  });
}

export function anImport(state: registryV1.ImportState, receivedBytes = 0n): registryV1.Import {
  return registryV1.Import.fromPartial({
    importId: 'imp_1',
    modelName: 'tiny',
    state,
    receivedBytes,
    source: { $case: 'upload', upload: { files: [{ path: 'a/model.gguf', sizeBytes: 9n, receivedBytes }] } },
  });
}
