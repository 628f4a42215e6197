import { Controller } from '@nestjs/common';
import { registryV1 } from '@ostro/contracts';
import { currentCaller, parsePage, requireOrganization } from '@ostro/grpc-host';
import { checkedAlias } from '../domain/names.ts';
import { parseDigest } from '../domain/manifest.ts';
import { parseReference } from '../domain/reference.ts';
import { Catalogue } from './catalogue.ts';
import { ModelsService, type ModelWithAliases } from './models.service.ts';
import { revisionToProto } from './revision-to-proto.ts';

@Controller()
@registryV1.ModelServiceControllerMethods()
export class ModelsGrpc implements registryV1.ModelServiceController {
  constructor(
    private readonly service: ModelsService,
    private readonly catalogue: Catalogue,
  ) {}

  async listModels(request: registryV1.ListModelsRequest): Promise<registryV1.ListModelsResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const page = parsePage(request, { organizationId });
    const { items, nextPageToken } = await this.service.list(organizationId, page);
    return { models: items.map(toProto), nextPageToken };
  }

  async getModel(request: registryV1.GetModelRequest): Promise<registryV1.GetModelResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    return { model: toProto(await this.service.get(organizationId, request.model)) };
  }

  async listModelRevisions(
    request: registryV1.ListModelRevisionsRequest,
  ): Promise<registryV1.ListModelRevisionsResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const page = parsePage(request, { organizationId, model: request.model });
    const { items, nextPageToken } = await this.service.listRevisions(organizationId, request.model, page);
    return { revisions: items.map(revisionToProto), nextPageToken };
  }

  async resolveModel(request: registryV1.ResolveModelRequest): Promise<registryV1.ResolveModelResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const revision = await this.service.resolve(organizationId, parseReference(request.reference));
    return { revision: revisionToProto(revision) };
  }

  async setAlias(request: registryV1.SetAliasRequest): Promise<registryV1.SetAliasResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const alias = await this.service.setAlias(organizationId, request.model, {
      name: checkedAlias(request.alias),
      digest: parseDigest(request.digest, 'digest'),
      expectedGeneration: request.expectedGeneration,
    });
    return { alias };
  }

  listCatalogue(): registryV1.ListCatalogueResponse {
    const entries = this.catalogue.entries.map(({ file: _file, ...entry }) => ({
      ...entry,
      sizeBytes: BigInt(entry.sizeBytes),
    }));
    return { entries };
  }
}

function toProto({ id, organizationId, name, licence, createdAt, aliases }: ModelWithAliases): registryV1.Model {
  return { modelId: id, organizationId, name, licence, createTime: createdAt, aliases: [...aliases] };
}
