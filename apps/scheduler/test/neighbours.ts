import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { identityV1, METHOD_ACCESS, registryV1 } from '@ostro/contracts';
import { startGrpcServer, type RunningGrpcServer } from '@ostro/grpc-host';
import { DomainError } from '@ostro/kernel';
import type { ServiceIdentity } from '@ostro/pki';
import { createLogger } from '@ostro/telemetry';

/** What the two services that the scheduler asks know, spoken over their real contracts. */
export class Knowledge {
  readonly models = new Map<string, registryV1.ModelRevision>();
  readonly nodes = new Map<string, identityV1.GetNodeEnrolmentResponse>();
}

@Controller()
class ModelsGrpc {
  constructor(private readonly knowledge: Knowledge) {}

  @GrpcMethod('ModelService', 'resolveModel')
  resolveModel({ reference }: registryV1.ResolveModelRequest): registryV1.ResolveModelResponse {
    const revision = this.knowledge.models.get(reference);
    if (revision) return { revision };
    throw new DomainError('NOT_FOUND', 'MODEL_NOT_FOUND', `there is no model ${reference}; import it first`);
  }
}

@Controller()
class EnrolmentGrpc {
  constructor(private readonly knowledge: Knowledge) {}

  @GrpcMethod('NodeEnrolmentService', 'getNodeEnrolment')
  getNodeEnrolment({ nodeId }: identityV1.GetNodeEnrolmentRequest): identityV1.GetNodeEnrolmentResponse {
    const node = this.knowledge.nodes.get(nodeId);
    if (node) return node;
    throw new DomainError('NOT_FOUND', 'NODE_NOT_FOUND', `there is no node ${nodeId}; enrol it first`);
  }
}

const { resolveModel } = registryV1.ModelServiceService;
const { getNodeEnrolment } = identityV1.NodeEnrolmentServiceService;

@Module({})
class NeighbourModule {
  static of(controller: new (knowledge: Knowledge) => object, knowledge: Knowledge): DynamicModule {
    return {
      module: NeighbourModule,
      controllers: [controller],
      providers: [{ provide: Knowledge, useValue: knowledge }],
    };
  }
}

export async function startRegistry(identity: ServiceIdentity, knowledge: Knowledge): Promise<RunningGrpcServer> {
  return startGrpcServer(NeighbourModule.of(ModelsGrpc, knowledge), {
    ...serving(identity),
    services: [{ resolveModel }],
  });
}

export async function startIdentity(identity: ServiceIdentity, knowledge: Knowledge): Promise<RunningGrpcServer> {
  return startGrpcServer(NeighbourModule.of(EnrolmentGrpc, knowledge), {
    ...serving(identity),
    services: [{ getNodeEnrolment }],
  });
}

function serving(identity: ServiceIdentity) {
  const bind = { host: '127.0.0.1', port: 0 };
  return { bind, identity, access: METHOD_ACCESS, logger: createLogger({ service: identity.name, level: 'error' }) };
}
