import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req, type StreamableFile } from '@nestjs/common';
import type { registryV1 } from '@ostro/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { BlobUploads, type Uploaded, uploadOffsetHeader } from '../clients/blob-uploads.ts';
import { ControlPlane, REGISTRY } from '../clients/control-plane.ts';
import { eventsOf, EventStream } from '../http/event-stream.ts';
import { Operation } from '../http/operation.ts';
import { body, bytes, label, type PageQuery, pageQuery, path, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { importPage, importView, uploaded } from './registry.views.ts';

const file = z.strictObject({ path: z.string().min(1).max(1_024), size_bytes: bytes });
const newImport = body('NewImport', {
  model_name: label,
  alias: z.string().max(80).default('').describe('Points at the revision afterwards; empty: "default".'),
  source: z
    .union([
      z.strictObject({ upload: z.strictObject({ files: z.array(file).min(1).max(10_000) }) }),
      z.strictObject({ https: z.strictObject({ url: z.url().max(4_000), sha256: z.string().max(64).default('') }) }),
      z.strictObject({
        hugging_face: z.strictObject({ repository: label, file: label, revision: z.string().max(200).default('') }),
      }),
      z.strictObject({ packaged: z.strictObject({ name: label }) }),
    ])
    .describe('Exactly one source.'),
});
type Source = z.output<typeof newImport>['source'];

const byImport = path('import_id');
const byFile = path('import_id', 'path');
type ByImport = z.output<typeof byImport>;

/** Brings models in. */
@Controller('v1/imports')
export class ImportsHttp {
  readonly #registry: ControlPlane['registry'];
  readonly #uploads: BlobUploads;

  constructor(control: ControlPlane, uploads: BlobUploads) {
    this.#registry = control.registry;
    this.#uploads = uploads;
  }

  @Get()
  @Operation(REGISTRY.listImports, 'listImports', 'Imports, newest first', { answers: importPage })
  async list(@Query({ schema: pageQuery }) query: PageQuery, @By() caller: Caller): Promise<Listed<registryV1.Import>> {
    const request = { organizationId: caller.organizationId, ...toPage(query) };
    const { imports, nextPageToken } = await this.#registry.listImports(request, caller.reads());
    return { items: imports, nextPageToken };
  }

  @Post()
  @Operation(REGISTRY.createImport, 'createImport', 'Starts an import', { answers: importView, status: 201 })
  async create(
    @Body({ schema: newImport }) { model_name: modelName, alias, source }: z.output<typeof newImport>,
    @By() caller: Caller,
  ): Promise<registryV1.Import> {
    const { organizationId, requestId } = caller;
    const request = { requestId, organizationId, modelName, alias, source: toProto(source) };
    return (await this.#registry.createImport(request, caller.writes())).import!;
  }

  @Get(':import_id')
  @Operation(REGISTRY.getImport, 'getImport', 'One import', { answers: importView })
  async get(
    @Param({ schema: byImport }) { import_id: importId }: ByImport,
    @By() caller: Caller,
  ): Promise<registryV1.Import> {
    const { organizationId } = caller;
    return (await this.#registry.getImport({ organizationId, importId }, caller.reads())).import!;
  }

  @EventStream(REGISTRY.watchImport, 'watchImport', 'The import at each change until it ends', {
    route: ':import_id/events',
    answers: importView,
  })
  async watch(
    @Param({ schema: byImport }) { import_id: importId }: ByImport,
    @By() caller: Caller,
  ): Promise<StreamableFile> {
    const { organizationId } = caller;
    await this.#registry.getImport({ organizationId, importId }, caller.reads());
    const changes = this.#registry.watchImport({ organizationId, importId }, caller.follows());
    return eventsOf(changes, 'import', watched);
  }

  /** The bytes go by HTTPS; the registry asks for the same permission there as for completing the upload. */
  @Patch(':import_id/files/:path')
  @Operation(REGISTRY.completeUpload, 'uploadFile', 'Sends bytes of a file from Upload-Offset on, as a stream', {
    answers: uploaded,
    headers: [uploadOffsetHeader],
    takesBytes: true,
  })
  async upload(
    @Param({ schema: byFile }) { import_id, path }: z.output<typeof byFile>,
    @Req() request: FastifyRequest,
    @By() caller: Caller,
  ): Promise<Uploaded> {
    return this.#uploads.send({ importId: import_id, path }, request, caller);
  }

  @Post(':import_id/complete')
  @Operation(REGISTRY.completeUpload, 'completeUpload', 'All bytes are there: verify and publish', {
    answers: importView,
  })
  async complete(
    @Param({ schema: byImport }) { import_id: importId }: ByImport,
    @By() caller: Caller,
  ): Promise<registryV1.Import> {
    const { organizationId } = caller;
    return (await this.#registry.completeUpload({ organizationId, importId }, caller.writes())).import!;
  }

  @Delete(':import_id')
  @Operation(REGISTRY.cancelImport, 'cancelImport', 'Ends an import and removes its bytes', { answers: importView })
  async cancel(
    @Param({ schema: byImport }) { import_id: importId }: ByImport,
    @By() caller: Caller,
  ): Promise<registryV1.Import> {
    const { organizationId } = caller;
    return (await this.#registry.cancelImport({ organizationId, importId }, caller.writes())).import!;
  }
}

const watched = z
  .custom<registryV1.WatchImportResponse>()
  .transform((response) => response.import!)
  .pipe(importView);

function toProto(source: Source): registryV1.CreateImportRequest['source'] {
  if ('https' in source) return { $case: 'https', https: source.https };
  if ('packaged' in source) return { $case: 'packaged', packaged: source.packaged };
  if ('hugging_face' in source) return { $case: 'huggingFace', huggingFace: source.hugging_face };
  const files = source.upload.files.map(({ path, size_bytes }) => ({
    path,
    sizeBytes: BigInt(size_bytes),
    receivedBytes: 0n,
  }));
  return { $case: 'upload', upload: { files } };
}
