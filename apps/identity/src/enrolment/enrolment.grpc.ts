import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { identityV1 } from '@ostro/contracts';
import { currentCaller, requireOrganization } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import type { Site } from '../domain/site.ts';
import { EnrolmentService } from './enrolment.service.ts';

const SERVICE = 'NodeEnrolmentService';

/** What the cell's members ask about nodes. How a machine becomes a node is `EnrolNodeGrpc`, on its own listener. */
@Controller()
export class EnrolmentGrpc implements Omit<identityV1.NodeEnrolmentServiceController, 'enrolNode'> {
  constructor(private readonly service: EnrolmentService) {}

  @GrpcMethod(SERVICE, 'createJoinToken')
  async createJoinToken(request: identityV1.CreateJoinTokenRequest): Promise<identityV1.CreateJoinTokenResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const { secret, expiresAt } = await this.service.createToken({
      organizationId,
      site: siteFromProto(request.site),
      ttlSeconds: request.ttlSeconds,
    });
    return { joinToken: secret, expireTime: expiresAt, caPem: this.service.caPem };
  }

  @GrpcMethod(SERVICE, 'renewNodeCertificate')
  async renewNodeCertificate(
    request: identityV1.RenewNodeCertificateRequest,
  ): Promise<identityV1.RenewNodeCertificateResponse> {
    const nodeId = currentCaller().peer!.name;
    const { node, certificatePem } = await this.service.renew(nodeId, request.csrPem);
    return { certificatePem, expireTime: node.certificateExpiresAt };
  }

  @GrpcMethod(SERVICE, 'getNodeEnrolment')
  async getNodeEnrolment(request: identityV1.GetNodeEnrolmentRequest): Promise<identityV1.GetNodeEnrolmentResponse> {
    const node = await this.service.getNode(parseId('nod', request.nodeId, 'node_id'));
    return { organizationId: node.organizationId, site: siteToProto(node.site), nodeName: node.name };
  }
}

export function siteToProto({ id, country, operator, certifications }: Site): identityV1.Site {
  return { siteId: id, country, operator, certifications: [...certifications] };
}

function siteFromProto(site: identityV1.Site | undefined): Site {
  if (!site) {
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_SITE', 'site is missing: a token is bound to a site', {
      details: { field: 'site' },
    });
  }
  const { siteId, country, operator, certifications } = site;
  return { id: siteId, country, operator, certifications };
}
