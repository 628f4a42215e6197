import { registryV1 } from '@ostro/contracts';
import type { Id } from '@ostro/kernel';
import { type RunningRegistry, sha256Of } from './running-registry.ts';

export type Source = NonNullable<registryV1.CreateImportRequest['source']>;
export const { IMPORT_STATE_AWAITING_UPLOAD, IMPORT_STATE_PUBLISHED, IMPORT_STATE_FAILED, IMPORT_STATE_CANCELLED } =
  registryV1.ImportState;

let requests = 0;

export function uploadOf(files: Readonly<Record<string, Uint8Array>>): Source {
  const declared = Object.entries(files).map(([path, bytes]) => ({
    path,
    sizeBytes: BigInt(bytes.length),
    receivedBytes: 0n,
  }));
  return { $case: 'upload', upload: { files: declared } };
}

export async function startImport(
  cell: RunningRegistry,
  modelName: string,
  source: Source,
  organizationId: Id<'org'> = cell.organizationId,
): Promise<registryV1.Import> {
  const request = { requestId: `r${++requests}`, organizationId, modelName, alias: '', source };
  const { import: created } = await (await cell.imports()).createImport(request, await cell.as(organizationId));
  return created!;
}

/** Follows an import to its end. */
export async function ended(
  cell: RunningRegistry,
  importId: string,
  organizationId: Id<'org'> = cell.organizationId,
): Promise<registryV1.Import> {
  const imports = await cell.imports();
  let last: registryV1.Import | undefined;
  const watching = imports.watchImport({ organizationId, importId }, await cell.as(organizationId));
  for await (const { import: seen } of watching) last = seen;
  return last!;
}

/** The address of a file of an upload. */
export function fileUrl(importId: string, path: string): string {
  return `/imports/${importId}/files/${path.split('/').map(encodeURIComponent).join('/')}`;
}

export async function sendPart(
  cell: RunningRegistry,
  url: string,
  { bytes, offset, token }: { bytes: Uint8Array; offset: number; token?: string },
) {
  const headers = { authorization: `Bearer ${token ?? (await cell.token())}`, 'upload-offset': String(offset) };
  return cell.http('PATCH', url, { headers, body: bytes });
}

/** Uploads whole files and follows the import to its end. */
export async function uploaded(
  cell: RunningRegistry,
  modelName: string,
  files: Readonly<Record<string, Uint8Array>>,
  organizationId: Id<'org'> = cell.organizationId,
): Promise<registryV1.Import> {
  const { importId } = await startImport(cell, modelName, uploadOf(files), organizationId);
  const token = await cell.token(organizationId);
  for (const [path, bytes] of Object.entries(files)) {
    const { status, body } = await sendPart(cell, fileUrl(importId, path), { bytes, offset: 0, token });
    if (status !== 204) throw new Error(`upload of ${path}: ${status} ${body.toString()}`);
  }
  await (await cell.imports()).completeUpload({ organizationId, importId }, await cell.as(organizationId));
  return ended(cell, importId, organizationId);
}

export async function resolved(cell: RunningRegistry, reference: string, organizationId = cell.organizationId) {
  const models = await cell.models('scheduler');
  const { revision } = await models.resolveModel({ organizationId, reference }, await cell.as(organizationId));
  return revision!;
}

export function blobUrl(bytes: Uint8Array): string {
  return `/blobs/sha256:${sha256Of(bytes)}`;
}
