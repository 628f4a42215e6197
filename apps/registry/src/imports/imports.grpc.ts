import { Controller } from '@nestjs/common';
import { registryV1 } from '@ostro/contracts';
import { currentCall, currentCaller, parsePage, requireOrganization } from '@ostro/grpc-host';
import { parseId } from '@ostro/kernel';
import { idempotentRequest } from '@ostro/persistence';
import { from, mergeMap, type Observable } from 'rxjs';
import type { Import } from '../domain/import.ts';
import { importToProto, sourceFromProto } from './import-to-proto.ts';
import { ImportsService } from './imports.service.ts';

@Controller()
@registryV1.ImportServiceControllerMethods()
export class ImportsGrpc implements registryV1.ImportServiceController {
  constructor(private readonly service: ImportsService) {}

  async createImport(request: registryV1.CreateImportRequest): Promise<registryV1.CreateImportResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const scope = { organizationId, method: currentCall().method };
    const once = idempotentRequest(registryV1.CreateImportRequest, request, scope);
    const { modelName, alias } = request;
    const input = { organizationId, modelName, alias, source: sourceFromProto(request.source) };
    return { import: await this.#toProto(await this.service.create(once, input)) };
  }

  async getImport(request: registryV1.GetImportRequest): Promise<registryV1.GetImportResponse> {
    return { import: await this.#toProto(await this.service.get(...idsOf(request))) };
  }

  async listImports(request: registryV1.ListImportsRequest): Promise<registryV1.ListImportsResponse> {
    const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
    const page = parsePage(request, { organizationId });
    const { items, nextPageToken } = await this.service.list(organizationId, page);
    return { imports: await Promise.all(items.map((item) => this.#toProto(item))), nextPageToken };
  }

  watchImport(request: registryV1.WatchImportRequest): Observable<registryV1.WatchImportResponse> {
    const states = this.service.watch(...idsOf(request), currentCall().signal);
    return from(states).pipe(mergeMap(async (state) => ({ import: await this.#toProto(state) }), 1));
  }

  async completeUpload(request: registryV1.CompleteUploadRequest): Promise<registryV1.CompleteUploadResponse> {
    return { import: await this.#toProto(await this.service.completeUpload(...idsOf(request))) };
  }

  async cancelImport(request: registryV1.CancelImportRequest): Promise<registryV1.CancelImportResponse> {
    return { import: await this.#toProto(await this.service.cancel(...idsOf(request))) };
  }

  async #toProto(imported: Import): Promise<registryV1.Import> {
    return importToProto(imported, await this.service.receivedOf(imported));
  }
}

function idsOf(request: { organizationId: string; importId: string }) {
  const { organizationId } = requireOrganization(currentCaller(), request.organizationId);
  return [organizationId, parseId('imp', request.importId, 'import_id')] as const;
}
