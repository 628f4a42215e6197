import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { identityV1 } from '@ostro/contracts';
import { Cell } from '../cell.ts';
import { siteToProto } from './enrolment.grpc.ts';
import { EnrolmentService } from './enrolment.service.ts';

/** The only method that a machine without a certificate may call. */
@Controller()
export class EnrolNodeGrpc implements Pick<identityV1.NodeEnrolmentServiceController, 'enrolNode'> {
  constructor(
    private readonly service: EnrolmentService,
    private readonly cell: Cell,
  ) {}

  @GrpcMethod('NodeEnrolmentService', 'enrolNode')
  async enrolNode(request: identityV1.EnrolNodeRequest): Promise<identityV1.EnrolNodeResponse> {
    const { node, certificatePem } = await this.service.enrol(request);
    return {
      nodeId: node.id,
      certificatePem,
      caPem: this.service.caPem,
      expireTime: node.certificateExpiresAt,
      site: siteToProto(node.site),
      organizationId: node.organizationId,
      cellId: this.cell.id,
    };
  }
}
